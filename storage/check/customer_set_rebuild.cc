#include "storage/check/customer_set_rebuild.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "storage/check/customer_set_recount.h"

namespace emptychair::storage {
namespace {

// Each customer is looked up in the index, so that a command holds a group up for some
// milliseconds.
constexpr int64_t kMembersPerCommand = 512;

// The members of either row that the other lacks. Of bytes that do not decode all that belong
// there.
std::vector<uint16_t> MembersToJudge(const CustomerSetDifference& row) {
  std::vector<uint16_t> members;
  for (uint32_t member = 0; member < kCustomersPerChunk; ++member) {
    const auto at = static_cast<uint16_t>(member);
    if (row.stored.Has(at) != row.recounted.Has(at)) {
      members.push_back(at);
    }
  }
  return members;
}

// Gathers corrections into commands.
class SetCorrections {
 public:
  explicit SetCorrections(CarryOut carry_out) : carry_out_(carry_out) {}

  absl::Status Correct(const CustomerSetDifference& row) {
    ++rows_;
    const std::vector<uint16_t> members = MembersToJudge(row);
    store::v1::CustomerSetCorrection* correction = &Begin(row.key);
    // A row weighs as much as a customer, so that rows without any do not pile up.
    RETURN_IF_ERROR(Count());
    for (const uint16_t member : members) {
      if (command_ == nullptr) {
        correction = &Begin(row.key);
      }
      correction->add_members(member);
      RETURN_IF_ERROR(Count());
    }
    return absl::OkStatus();
  }

  absl::Status Remove(absl::string_view key) {
    ++rows_;
    Command().add_stray_keys(std::string(key));
    return Count();
  }

  absl::Status Flush() {
    waiting_ = 0;
    return command_ == nullptr ? absl::OkStatus() : carry_out_(std::move(command_));
  }

  int64_t rows() const { return rows_; }

 private:
  store::v1::CorrectCustomerSetsCommand& Command() {
    if (command_ == nullptr) {
      command_ = NewCommand();
    }
    return *command_->mutable_correct_customer_sets();
  }

  store::v1::CustomerSetCorrection& Begin(const CustomerSetKey& row) {
    store::v1::CustomerSetCorrection& correction = *Command().add_rows();
    correction.set_kind_number(row.kind_number);
    correction.set_set(static_cast<uint32_t>(row.set));
    correction.set_unit(static_cast<uint32_t>(row.unit));
    correction.set_bucket(row.bucket);
    correction.set_chunk(row.chunk);
    return correction;
  }

  absl::Status Count() { return ++waiting_ >= kMembersPerCommand ? Flush() : absl::OkStatus(); }

  const CarryOut carry_out_;
  CommandPtr command_;
  int64_t waiting_ = 0;
  int64_t rows_ = 0;
};

}  // namespace

absl::StatusOr<int64_t> RebuildCustomerSets(const Engine& engine, const View& view,
                                            TaskSteps& steps, CarryOut carry_out) {
  ASSIGN_OR_RETURN(const TaskKinds kinds, KindsOf(engine, view));
  SetCorrections corrections(carry_out);
  RETURN_IF_ERROR(steps.Begin("activities"));
  for (const auto& [number, kind] : kinds) {
    if (!kind.is_deleted()) {
      RETURN_IF_ERROR(CompareCustomerSets(
          engine, view, kind, steps,
          [&](const CustomerSetDifference& row) { return corrections.Correct(row); }));
    }
  }
  RETURN_IF_ERROR(steps.Begin("sets of customers"));
  RETURN_IF_ERROR(
      ScanFamily(engine, view, Family::kActiveSet, [&](absl::string_view key, absl::string_view) {
        RETURN_IF_ERROR(steps.Step());
        return RowOfKind(key, kinds).has_value() ? absl::OkStatus() : corrections.Remove(key);
      }));
  RETURN_IF_ERROR(corrections.Flush());
  return corrections.rows();
}

}  // namespace emptychair::storage
