// Applies the commands of the log, in groups.
#ifndef EMPTYCHAIR_STORAGE_COMMIT_APPLIER_H_
#define EMPTYCHAIR_STORAGE_COMMIT_APPLIER_H_

#include <cstddef>
#include <memory>
#include <thread>

#include "absl/time/time.h"
#include "storage/commit/applied_group.h"
#include "storage/commit/group_writer.h"
#include "storage/commit/log/command_log.h"
#include "storage/commit/move_stamp.h"
#include "storage/engine/engine.h"
#include "storage/state/working_state.h"

namespace emptychair::storage {

// Runs a thread that takes from the log whatever has gathered while the writer was at work, applies
// it to the working state as one group, and hands that to the writer. Ends once the log is closed
// and everything was taken, or at a command that cannot be applied.
class Applier {
 public:
  struct Options {
    // A group ends when it has so many bytes of commands.
    size_t group_bytes_max = size_t{4} << 20;
    // Commands of so many bytes are applied while the group before them is written. Fewer wait
    // until it is: to wake the applying thread for each would cost more than it gains.
    size_t apply_ahead_bytes_min = size_t{64} << 10;
  };

  // What it is given must outlive the applier.
  Applier(const Engine& engine, std::unique_ptr<WorkingState> state, CommandLog& log,
          GroupWriter& writer, const Options& options);

  // To be called once the log is closed; waits for the end of the thread.
  ~Applier();

  // When it last took commands.
  absl::Duration moved_at() const { return moved_.at(); }

 private:
  void Run();
  // False: nothing came, and nothing will.
  bool Fill(AppliedGroup& applied);
  bool TakeFor(const AppliedGroup& applied, std::vector<CommandLog::Entry>& entries);
  void ApplyTo(AppliedGroup& applied, std::vector<CommandLog::Entry> entries);
  void Seal(AppliedGroup& applied);
  bool Joins(size_t group_bytes, size_t next_bytes) const;

  const Engine& engine_;
  const std::unique_ptr<WorkingState> state_;
  CommandLog& log_;
  GroupWriter& writer_;
  const Options options_;
  MoveStamp moved_;
  std::thread thread_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COMMIT_APPLIER_H_
