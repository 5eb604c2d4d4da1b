#include "storage/apply/apply_submission.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/apply/apply_customer.h"
#include "storage/apply/apply_import.h"
#include "storage/apply/apply_record.h"
#include "storage/apply/sent_content.h"
#include "storage/engine/fail_point.h"
#include "storage/format/changes.h"
#include "storage/format/index_entries.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

// What is there already of a submission's ids.
struct Existing {
  bool is_there = false;
  Uuid feedback_id;
  std::string value;
  // The entries of other records whose external ids share the start of the hash.
  std::vector<ExternalIdEntry> sharing;
};

// By then the state that the change left is published.
constexpr absl::Duration kSurveyChangedDelay = absl::Milliseconds(10);

// A record with the submission's external id comes first: its own id may have been derived at
// another time than this submission's.
absl::StatusOr<Existing> FindExisting(const store::v1::Submission& submission,
                                      const Uuid& feedback_id, const WorkingSurvey& survey,
                                      WorkingState& state, const WriteGroup& group) {
  Existing existing;
  if (const std::string& external_id = submission.body().external_id(); !external_id.empty()) {
    ASSIGN_OR_RETURN(ExternalIdLookup lookup, FindByExternalId(survey, external_id, state, group));
    if (lookup.feedback_id.has_value()) {
      return Existing{true, *lookup.feedback_id, std::move(lookup.value), {}};
    }
    existing.sharing = std::move(lookup.sharing);
  }
  existing.feedback_id = feedback_id;
  const FeedbackKey key{submission.survey_number(), feedback_id};
  if (state.recent_ids().MayBeTaken(key.survey_number, key.feedback_id)) {
    ASSIGN_OR_RETURN(existing.is_there,
                     group.Get(Family::kFeedback, key.Encode(), &existing.value));
  }
  return existing;
}

SubmissionOutcome Refused(absl::Status error) {
  SubmissionOutcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

absl::Status ContentDiffersError(const WorkingSurvey& survey, const Uuid& feedback_id,
                                 absl::string_view fields) {
  const std::string stored_id = feedback_id.ToString();
  return Error(
      v1::ERROR_REASON_CONTENT_DIFFERS,
      absl::StrCat("the record ", stored_id, " was submitted before under the same id with ",
                   "another ", fields, "; it stays as it is"),
      {{"survey_id", survey.definition->survey_id()}, {"feedback_id", stored_id}});
}

SubmissionOutcome JudgeExisting(const store::v1::Submission& submission, const Existing& existing,
                                const WorkingSurvey& survey, bool want_record, WorkingState& state,
                                const WriteGroup& group) {
  absl::StatusOr<FeedbackRecord> record =
      DecodeFeedbackRecord(survey.all_series(), existing.feedback_id, existing.value);
  if (!record.ok()) {
    return Refused(record.status());
  }
  if (record->header.is_erased || record->body.is_anonymized() ||
      state.erasing().count(record->header.customer_ordinal) != 0) {
    return Refused(ErasedError(survey, existing.feedback_id));
  }
  std::optional<uint32_t> ordinal = kAnonymous;
  if (const std::string& id = submission.customer_id(); !id.empty()) {
    const absl::StatusOr<std::optional<KnownCustomer>> customer = FindCustomer(id, state, group);
    if (!customer.ok()) {
      return Refused(customer.status());
    }
    ordinal = customer->has_value() ? std::optional((*customer)->ordinal) : std::nullopt;
  }
  const std::string fields =
      DifferingFields(state.hash(), *survey.definition, submission, ordinal, *record);
  if (!fields.empty()) {
    return Refused(ContentDiffersError(survey, existing.feedback_id, fields));
  }
  SubmissionOutcome outcome;
  outcome.kind = SubmissionOutcome::Kind::kAlreadyExisted;
  outcome.id = existing.feedback_id;
  outcome.receive_time_ms = record->body.receive_time_ms();
  if (want_record) {
    record->customer_id = submission.customer_id();
    outcome.record = std::make_unique<FeedbackRecord>(*std::move(record));
  }
  return outcome;
}

absl::Status CheckState(const store::v1::Submission& submission, const WorkingSurvey& survey) {
  const store::v1::StoredSurvey& definition = *survey.definition;
  if (definition.archive_time_ms() != 0) {
    return Error(v1::ERROR_REASON_SURVEY_ARCHIVED,
                 absl::StrCat("the survey ", definition.survey_id(),
                              " is archived and takes no new answers"),
                 {{"survey_id", definition.survey_id()}});
  }
  // The offset of another zone would put the record into the wrong day.
  if (definition.zone_revision() != submission.zone_revision()) {
    return RetryableError(v1::ERROR_REASON_SURVEY_CHANGED,
                          absl::StrCat("the time zone of the survey ", definition.survey_id(),
                                       " was changed meanwhile; send the record again"),
                          kSurveyChangedDelay, {{"survey_id", definition.survey_id()}});
  }
  return CheckScore(ScoreOf(submission), survey);
}

// Stores a record that passed all checks, as the customer's with this number. `body` has all its
// labels, and loses those that its series says.
SubmissionOutcome StoreRecord(const store::v1::Submission& submission, const Uuid& feedback_id,
                              uint32_t customer, store::v1::StoredFeedback& body, bool want_record,
                              std::vector<ExternalIdEntry> sharing, WorkingSurvey& survey,
                              WorkingState& state, WriteGroup& group) {
  const FeedbackKey key{submission.survey_number(), feedback_id};
  store::v1::StoredCounters& counters = state.counters();
  counters.set_feedback_count(counters.feedback_count() + 1);
  survey.has_answers = true;
  FeedbackHeader header;
  header.score = ScoreOf(submission);
  header.exclusion_reason = static_cast<uint8_t>(submission.exclusion_reason());
  header.customer_ordinal = customer;
  header.series = SeriesOf(body.labels(), kOtherSeries, survey, state, group);
  header.zone_offset_seconds = submission.zone_offset_seconds();
  header.sequence = TakeSequence(
      {ChangeKind::kCreated, Entity::kFeedback, key.survey_number, feedback_id}, state, group);

  SubmissionOutcome outcome;
  outcome.kind = SubmissionOutcome::Kind::kAccepted;
  outcome.id = feedback_id;
  outcome.receive_time_ms = body.receive_time_ms();
  if (want_record) {
    outcome.record = std::make_unique<FeedbackRecord>(
        FeedbackRecord{key.survey_number, feedback_id, header, body, submission.customer_id()});
  }
  group.Put(Family::kFeedback, key.Encode(), EncodeRecord(survey.all_series(), header, body));
  state.recent_ids().Add(key.survey_number, feedback_id);
  const IndexEntries entries =
      EntriesOf(state.hash(), survey.definition->survey_id(), key, header, body);
  if (!entries.by_external_id_key.empty()) {
    sharing.push_back(entries.by_external_id);
    group.Put(Family::kFeedbackByExternalId, entries.by_external_id_key,
              EncodeExternalIdEntries(sharing));
  }
  if (!entries.by_customer_key.empty()) {
    group.Put(Family::kFeedbackByCustomer, entries.by_customer_key, "");
  }
  CountRecord(key, header, survey, 1, group);
  return outcome;
}

}  // namespace

SubmissionOutcome ApplySubmission(const store::v1::SubmitFeedbackCommand& command,
                                  const store::v1::Submission& submission, bool want_record,
                                  WorkingState& state, WriteGroup& group) {
  const std::optional<Uuid> feedback_id = Uuid::FromBytes(submission.feedback_id());
  WorkingSurvey* survey = state.FindSurvey(submission.survey_number());
  if (survey == nullptr || !feedback_id.has_value()) {
    return Refused(SurveyGoneError());
  }
  // Duplicates come before every other check, so that a retry ends as the first try did.
  absl::StatusOr<Existing> existing = FindExisting(submission, *feedback_id, *survey, state, group);
  if (!existing.ok()) {
    return Refused(existing.status());
  }
  if (existing->is_there && !IsOn(FailPoint::kSkipDuplicateCheck)) {
    return JudgeExisting(submission, *existing, *survey, want_record, state, group);
  }
  if (absl::Status status = CheckState(submission, *survey); !status.ok()) {
    return Refused(std::move(status));
  }
  // The last steps that can fail; from here on the record is accepted.
  const absl::StatusOr<KnownCustomer> customer =
      FindOrAddCustomer(submission.customer_id(), state, group);
  if (!customer.ok()) {
    return Refused(customer.status());
  }
  store::v1::StoredFeedback& body = state.stored_body();
  body = submission.body();
  if (customer->has_attributes) {
    if (absl::Status filled = FillLabels(customer->ordinal, *survey->definition, group, body);
        !filled.ok()) {
      return Refused(std::move(filled));
    }
  }
  body.set_import_number(ImportNumberOf(command.import_id(), command.import_time_ms(),
                                        {.survey_number = submission.survey_number()},
                                        *survey->imports, state, group));
  return StoreRecord(submission, *feedback_id, customer->ordinal, body, want_record,
                     std::move(existing->sharing), *survey, state, group);
}

}  // namespace emptychair::storage
