#include "storage/commit/applier.h"

#include <utility>
#include <vector>

#include "storage/apply/apply.h"

namespace emptychair::storage {

Applier::Applier(const Engine& engine, std::unique_ptr<WorkingState> state, CommandLog& log,
                 GroupWriter& writer, const Options& options)
    : engine_(engine), state_(std::move(state)), log_(log), writer_(writer), options_(options) {
  thread_ = std::thread([this] { Run(); });
}

Applier::~Applier() { thread_.join(); }

void Applier::Run() {
  std::shared_ptr<const PendingEntries> in_flight;
  for (bool goes_on = true; goes_on;) {
    auto applied = std::make_unique<AppliedGroup>(engine_, std::move(in_flight));
    goes_on = Fill(*applied);
    if (applied->entries.empty() && applied->unapplied.empty()) {
      break;
    }
    Seal(*applied);
    in_flight = applied->group.entries();
    // What is being written waits no more; the writer is free for it.
    log_.Release(applied->bytes);
    writer_.HandOver(std::move(applied));
  }
  writer_.Finish();
}

// Applies what comes until the writer is free for the group. False: nothing can come behind it.
bool Applier::Fill(AppliedGroup& applied) {
  while (true) {
    std::vector<CommandLog::Entry> entries;
    const bool is_complete = TakeFor(applied, entries);
    ApplyTo(applied, std::move(entries));
    if (!applied.stop.ok()) {
      return false;
    }
    if (is_complete) {
      return !applied.entries.empty();
    }
  }
}

// Takes what the log has for the group, for which it waits. True when that completes the group: the
// writer is free for it. One without commands is the last: there is nothing left and nothing to
// come.
bool Applier::TakeFor(const AppliedGroup& applied, std::vector<CommandLog::Entry>& entries) {
  bool is_writer_free = false;
  const auto is_time = [&](const CommandLog::Backlog& backlog) {
    is_writer_free = writer_.is_free();
    return is_writer_free ? backlog.next_bytes > 0 || !applied.entries.empty() || backlog.is_closed
                          : backlog.bytes >= options_.apply_ahead_bytes_min &&
                                backlog.next_bytes > 0 && Joins(applied.bytes, backlog.next_bytes);
  };
  size_t bytes = applied.bytes;
  const auto joins = [&](size_t next_bytes) {
    if (!Joins(bytes, next_bytes)) {
      return false;
    }
    bytes += next_bytes;
    return true;
  };
  log_.Take(is_time, joins, entries);
  moved_.Note();
  return is_writer_free;
}

// One that is too large for any group is a group of its own.
bool Applier::Joins(size_t group_bytes, size_t next_bytes) const {
  return group_bytes == 0 || group_bytes + next_bytes <= options_.group_bytes_max;
}

void Applier::ApplyTo(AppliedGroup& applied, std::vector<CommandLog::Entry> entries) {
  for (CommandLog::Entry& entry : entries) {
    applied.bytes += entry.bytes;
    if (!applied.stop.ok()) {
      applied.unapplied.push_back(std::move(entry));
      continue;
    }
    CommandResult result;
    applied.stop =
        Apply(entry.index, *entry.command, entry.want_records, *state_, applied.group, result);
    if (!applied.stop.ok()) {
      applied.unapplied.push_back(std::move(entry));
      continue;
    }
    applied.results.push_back(std::move(result));
    applied.entries.push_back(std::move(entry));
  }
}

void Applier::Seal(AppliedGroup& applied) {
  if (applied.entries.empty()) {
    return;
  }
  const bool has_changes = !applied.group.empty();
  state_->PutCounters(applied.group);
  if (has_changes) {
    applied.view = state_->MakeView();
  }
}

}  // namespace emptychair::storage
