#include "storage/apply/apply_feedback_commands.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "google/protobuf/util/message_differencer.h"
#include "storage/apply/apply_record.h"
#include "storage/apply/ledger.h"
#include "storage/apply/sent_content.h"
#include "storage/format/changes.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "storage/read/customers.h"

namespace emptychair::storage {
namespace {

using google::protobuf::util::MessageDifferencer;

// A record that a command is about, and its survey.
struct Target {
  WorkingSurvey* survey = nullptr;
  FeedbackRecord record;
};

// Errors: SURVEY_NOT_FOUND, FEEDBACK_NOT_FOUND, STORE_DAMAGED.
absl::StatusOr<Target> FindTarget(const store::v1::RecordTarget& target, WorkingState& state,
                                  const WriteGroup& group) {
  WorkingSurvey* survey = state.FindSurvey(target.survey_number());
  if (survey == nullptr) {
    return SurveyGoneError();
  }
  ExternalIdLookup found;
  std::string name = target.external_id();
  if (!name.empty()) {
    ASSIGN_OR_RETURN(found, FindByExternalId(*survey, name, state, group));
  } else if (const std::optional<Uuid> id = Uuid::FromBytes(target.feedback_id())) {
    name = id->ToString();
    const FeedbackKey key{target.survey_number(), *id};
    ASSIGN_OR_RETURN(const bool is_there, group.Get(Family::kFeedback, key.Encode(), &found.value));
    if (is_there) {
      found.feedback_id = id;
    }
  }
  if (!found.feedback_id.has_value()) {
    return FeedbackNotFoundError(*survey->definition, name);
  }
  ASSIGN_OR_RETURN(FeedbackRecord record,
                   DecodeFeedbackRecord(survey->all_series(), *found.feedback_id, found.value));
  return Target{survey, std::move(record)};
}

// `field` is where the request has the etag.
absl::Status CheckEtag(absl::string_view field, const store::v1::RecordTarget& wanted,
                       const Target& target) {
  const std::string etag = EtagOf(target.record.header.sequence);
  if (wanted.etag().empty() || wanted.etag() == etag) {
    return absl::OkStatus();
  }
  return FieldError(v1::ERROR_REASON_ETAG_MISMATCH, field,
                    absl::StrCat("got ", Quoted(wanted.etag()),
                                 ", but the record was changed meanwhile and has \"", etag, "\""),
                    {{"etag", etag},
                     {"survey_id", target.survey->definition->survey_id()},
                     {"feedback_id", target.record.feedback_id.ToString()}});
}

// What the record is to become.
struct Wanted {
  FeedbackHeader header;  // Without the new series and sequence.
  store::v1::StoredFeedback body;
};

bool IsSame(const FeedbackRecord& record, const Wanted& wanted) {
  return record.header == wanted.header && MessageDifferencer::Equals(record.body, wanted.body);
}

// A kind of change that gives a record a new form.
struct Replacement {
  ChangeKind kind;
  absl::string_view etag_field;  // Where the request has the etag.
};

// Gives the record its new form, unless it has that already.
absl::Status Replace(const Replacement& replacement, const store::v1::RecordTarget& ref,
                     Target& target, Wanted wanted, WorkingState& state, WriteGroup& group) {
  FeedbackRecord& record = target.record;
  if (IsSame(record, wanted)) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(CheckEtag(replacement.etag_field, ref, target));
  const FeedbackKey key{record.survey_number, record.feedback_id};
  CountRecord(key, record.header, *target.survey, -1, group);
  const bool same_labels = SameLabels(record.body.labels(), wanted.body.labels());
  record.header = wanted.header;
  record.body = std::move(wanted.body);
  if (!same_labels) {
    record.header.series =
        SeriesOf(record.body.labels(), record.header.series, *target.survey, state, group);
  }
  record.header.sequence = TakeSequence(
      {replacement.kind, Entity::kFeedback, key.survey_number, key.feedback_id}, state, group);
  CountRecord(key, record.header, *target.survey, 1, group);
  state.stored_body() = record.body;
  group.Put(Family::kFeedback, key.Encode(),
            EncodeRecord(target.survey->all_series(), record.header, state.stored_body()));
  return absl::OkStatus();
}

// Before the first amendment the record itself says what was sent.
void KeepFirstContent(const store::v1::StoredSurvey& survey, const FeedbackRecord& record,
                      const KeyedHash& hash, Wanted& wanted) {
  if (record.body.first_content().empty() && !IsSame(record, wanted)) {
    store::v1::StoredFeedback sent = record.body;
    RemoveFilledLabels(survey, sent);
    const IdHash content = HashOfContent(hash, record.customer_id, record.header.score, sent);
    wanted.body.set_first_content(content.data(), content.size());
  }
}

// Finds the record, lets `decide` say what it is to become, and answers it.
template <typename Decide>
CommandResult ChangeRecord(const Replacement& replacement, const store::v1::RecordTarget& ref,
                           WorkingState& state, WriteGroup& group, Decide decide) {
  const auto run = [&]() -> absl::StatusOr<std::unique_ptr<FeedbackRecord>> {
    ASSIGN_OR_RETURN(Target target, FindTarget(ref, state, group));
    if (target.record.header.is_erased ||
        state.erasing().count(target.record.header.customer_ordinal) != 0) {
      return ErasedError(*target.survey, target.record.feedback_id);
    }
    // Before anything is put, because it can fail.
    ASSIGN_OR_RETURN(target.record.customer_id,
                     ReadCustomerId(target.record.header.customer_ordinal,
                                    [&](const std::string& key, std::string* value) {
                                      return group.Get(Family::kCustomer, key, value);
                                    }));
    Wanted wanted{target.record.header, target.record.body};
    RETURN_IF_ERROR(decide(target, wanted));
    RETURN_IF_ERROR(Replace(replacement, ref, target, std::move(wanted), state, group));
    return std::make_unique<FeedbackRecord>(std::move(target.record));
  };
  CommandResult result;
  absl::StatusOr<std::unique_ptr<FeedbackRecord>> record = run();
  if (record.ok()) {
    result.record = *std::move(record);
  } else {
    result.error = record.status();
  }
  return result;
}

absl::Status Erase(const store::v1::RecordTarget& ref, WorkingState& state, WriteGroup& group) {
  ASSIGN_OR_RETURN(const Target target, FindTarget(ref, state, group));
  if (!target.record.header.is_erased) {
    EraseRecord(target.record, *target.survey, state, group);
    EnterIntoLedger(ErasedRecordEntry(target.record, *target.survey, v1::ERASE_MODE_DELETE, state),
                    state, group);
  }
  return absl::OkStatus();
}

}  // namespace

CommandResult ApplyAmendFeedback(const store::v1::AmendFeedbackCommand& command,
                                 WorkingState& state, WriteGroup& group) {
  return ChangeRecord(
      {ChangeKind::kChanged, "feedback.etag"}, command.target(), state, group,
      [&](const Target& target, Wanted& wanted) {
        if (command.set_score()) {
          wanted.header.score = command.has_score() ? std::optional(command.score()) : std::nullopt;
        }
        if (command.set_comment()) {
          wanted.body.set_comment(command.comment());
        }
        if (command.set_labels()) {
          *wanted.body.mutable_labels() = command.labels();
          if (!SameLabels(target.record.body.labels(), wanted.body.labels())) {
            wanted.body.clear_filled_dimensions();
          }
        }
        if (!IsSame(target.record, wanted)) {
          wanted.body.set_amend_time_ms(command.time_ms());
        }
        KeepFirstContent(*target.survey->definition, target.record, state.hash(), wanted);
        return CheckScore(wanted.header.score, *target.survey);
      });
}

CommandResult ApplyExcludeFeedback(const store::v1::ExcludeFeedbackCommand& command,
                                   WorkingState& state, WriteGroup& group) {
  return ChangeRecord({ChangeKind::kExcluded, "etag"}, command.target(), state, group,
                      [&](const Target&, Wanted& wanted) {
                        const auto reason = static_cast<uint8_t>(command.reason());
                        if (wanted.header.exclusion_reason != reason ||
                            wanted.body.exclusion_note() != command.note()) {
                          wanted.header.exclusion_reason = reason;
                          wanted.body.set_exclusion_note(command.note());
                          wanted.body.set_exclusion_time_ms(command.time_ms());
                        }
                        return absl::OkStatus();
                      });
}

CommandResult ApplyIncludeFeedback(const store::v1::IncludeFeedbackCommand& command,
                                   WorkingState& state, WriteGroup& group) {
  return ChangeRecord({ChangeKind::kIncluded, "etag"}, command.target(), state, group,
                      [](const Target&, Wanted& wanted) {
                        wanted.header.exclusion_reason = kCountedDisposition;
                        wanted.body.clear_exclusion_note();
                        wanted.body.clear_exclusion_time_ms();
                        return absl::OkStatus();
                      });
}

CommandResult ApplyEraseFeedback(const store::v1::EraseFeedbackCommand& command,
                                 WorkingState& state, WriteGroup& group) {
  CommandResult result;
  result.error = Erase(command.target(), state, group);
  return result;
}

}  // namespace emptychair::storage
