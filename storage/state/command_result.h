// Outcomes of commands.
#ifndef EMPTYCHAIR_STORAGE_STATE_COMMAND_RESULT_H_
#define EMPTYCHAIR_STORAGE_STATE_COMMAND_RESULT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/base/uuid.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/read/records.h"
#include "storage/state/command.h"

namespace emptychair::storage {

// Outcome of one submission, of feedback or of an activity, of a command.
struct SubmissionOutcome {
  enum class Kind : uint8_t { kAccepted, kAlreadyExisted, kRefused };

  Kind kind = Kind::kRefused;
  absl::Status error;  // Why it was refused.
  // The feedback as stored, when it was asked for and not refused.
  std::unique_ptr<FeedbackRecord> record;
  // The record's own id, from which its time follows, unless the submission was refused.
  Uuid id;
  int64_t receive_time_ms = 0;
};

// Outcome of a command.
struct CommandResult {
  // Why nothing of the command was carried out.
  absl::Status error;
  // The store's sequence once the command was carried out.
  uint64_t sequence = 0;
  // Commands that create or change a survey: the survey as stored.
  std::shared_ptr<const store::v1::StoredSurvey> survey;
  // Commands that change a record, but for erasing it: the record as stored.
  std::unique_ptr<FeedbackRecord> record;
  // UpsertCustomerCommand: the customer as stored.
  std::unique_ptr<store::v1::StoredCustomer> customer;
  // DefineActivityKindCommand: the kind as stored.
  std::shared_ptr<const store::v1::StoredActivityKind> activity_kind;
  // CreateAccessCommand, UpdateAccessCommand, RotateAccessCommand, RevokeAccessCommand: the key as
  // stored.
  std::shared_ptr<const store::v1::StoredAccess> access;
  // SubmitFeedbackCommand, RecordActivitiesCommand: one for each submission.
  std::vector<SubmissionOutcome> outcomes;
  // RecordActivitiesCommand: kinds that it declared.
  std::vector<std::string> created_kinds;
  // TakeBackFeedbackCommand, TakeBackActivitiesCommand: records that were removed.
  int64_t changed = 0;
  // What remains to be done; null: nothing. For the process that proposed the command to propose.
  CommandPtr follow_up;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_STATE_COMMAND_RESULT_H_
