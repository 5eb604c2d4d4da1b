#include "storage/apply/apply_submission.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/apply/apply_record.h"
#include "storage/engine/fail_point.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

// A record that already has one of the submission's ids.
struct Existing {
  Uuid feedback_id;
  std::string value;
};

// By then the state that the change left is published.
constexpr absl::Duration kSurveyChangedDelay = absl::Milliseconds(10);

std::optional<int32_t> ScoreOf(const store::v1::Submission& submission) {
  return submission.has_score() ? std::optional(submission.score()) : std::nullopt;
}

IdHash FingerprintOf(const store::v1::Submission& submission) {
  IdHash fingerprint{};
  std::memcpy(fingerprint.data(), submission.fingerprint().data(),
              std::min(fingerprint.size(), submission.fingerprint().size()));
  return fingerprint;
}

// A record with the submission's external id comes first: its own id may have been derived at
// another time than this submission's.
absl::StatusOr<std::optional<Existing>> FindExisting(const store::v1::Submission& submission,
                                                     const Uuid& feedback_id,
                                                     const std::string& external_id_key,
                                                     WorkingState& state, const WriteGroup& group) {
  Existing existing{feedback_id, {}};
  bool has_external_id = false;
  if (!external_id_key.empty()) {
    std::string value;
    ASSIGN_OR_RETURN(has_external_id,
                     group.Get(Family::kFeedbackByExternalId, external_id_key, &value));
    if (has_external_id) {
      const std::optional<ExternalIdEntry> entry = DecodeExternalIdEntry(value);
      if (!entry.has_value()) {
        return Error(v1::ERROR_REASON_STORE_DAMAGED,
                     "an entry of the index by external id cannot be decoded");
      }
      existing.feedback_id = entry->feedback_id;
    }
  }
  const FeedbackKey key{submission.survey_number(), existing.feedback_id};
  if (!has_external_id && !state.recent_ids().MayBeTaken(key.survey_number, key.feedback_id)) {
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(const bool found, group.Get(Family::kFeedback, key.Encode(), &existing.value));
  if (found) {
    return existing;
  }
  if (has_external_id) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED,
                 "the index by external id names a record that is not there");
  }
  return std::nullopt;
}

SubmissionOutcome Refused(absl::Status error) {
  return {SubmissionOutcome::Kind::kRefused, std::move(error), nullptr};
}

SubmissionOutcome JudgeExisting(const store::v1::Submission& submission, const Existing& existing,
                                const WorkingSurvey& survey, bool want_record) {
  absl::StatusOr<FeedbackRecord> record =
      DecodeFeedbackRecord(submission.survey_number(), existing.feedback_id, existing.value);
  if (!record.ok()) {
    return Refused(record.status());
  }
  if (record->header.is_erased) {
    return Refused(ErasedError(survey, existing.feedback_id));
  }
  if (record->header.fingerprint != FingerprintOf(submission)) {
    const std::string stored_id = existing.feedback_id.ToString();
    return Refused(
        Error(v1::ERROR_REASON_CONTENT_DIFFERS,
              absl::StrCat("the record ", stored_id,
                           " was submitted before under the same id with other content; "
                           "it stays as it is"),
              {{"survey_id", survey.definition->survey_id()}, {"feedback_id", stored_id}}));
  }
  SubmissionOutcome outcome{SubmissionOutcome::Kind::kAlreadyExisted, absl::OkStatus(), nullptr};
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

// The customer's ordinal, newly given when the customer is new.
absl::StatusOr<uint32_t> CustomerOrdinal(const std::string& customer_id, WorkingState& state,
                                         WriteGroup& group) {
  if (customer_id.empty()) {
    return kAnonymous;
  }
  const IdHash hash = state.hash()(HashPurpose::kCustomerId, customer_id);
  if (const std::optional<uint32_t> cached = state.customers().Find(hash)) {
    return *cached;
  }
  std::string key = CustomerByIdKey(hash);
  std::string value;
  ASSIGN_OR_RETURN(const bool found, group.Get(Family::kCustomer, key, &value));
  store::v1::StoredCustomer customer;
  if (found) {
    if (!DecodeMessage(value, customer)) {
      return Error(v1::ERROR_REASON_STORE_DAMAGED, "a customer cannot be decoded");
    }
    state.customers().Put(hash, customer.ordinal());
    return customer.ordinal();
  }
  store::v1::StoredCounters& counters = state.counters();
  counters.set_last_customer_ordinal(counters.last_customer_ordinal() + 1);
  customer.set_ordinal(counters.last_customer_ordinal());
  customer.set_customer_id(customer_id);
  group.Put(Family::kCustomer, key, EncodeMessage(customer));
  group.Put(Family::kCustomer, CustomerByOrdinalKey(customer.ordinal()), EncodeCustomerHash(hash));
  state.customers().Put(hash, customer.ordinal());
  return customer.ordinal();
}

}  // namespace

SubmissionOutcome ApplySubmission(const store::v1::Submission& submission, bool want_record,
                                  WorkingState& state, WriteGroup& group) {
  const uint32_t survey_number = submission.survey_number();
  const std::optional<Uuid> feedback_id = Uuid::FromBytes(submission.feedback_id());
  WorkingSurvey* survey = state.FindSurvey(survey_number);
  if (survey == nullptr || !feedback_id.has_value()) {
    return Refused(SurveyGoneError());
  }
  std::string external_id_key;
  const store::v1::StoredFeedback& body = submission.body();
  if (!body.external_id().empty()) {
    external_id_key =
        ExternalIdKey{survey_number, state.hash()(HashPurpose::kExternalId, body.external_id())}
            .Encode();
  }
  // Duplicates come before every other check, so that a retry ends as the first try did.
  absl::StatusOr<std::optional<Existing>> existing =
      FindExisting(submission, *feedback_id, external_id_key, state, group);
  if (!existing.ok()) {
    return Refused(existing.status());
  }
  if (existing->has_value() && !IsOn(FailPoint::kSkipDuplicateCheck)) {
    return JudgeExisting(submission, **existing, *survey, want_record);
  }
  if (absl::Status status = CheckState(submission, *survey); !status.ok()) {
    return Refused(std::move(status));
  }
  // The last step that can fail; from here on the record is accepted.
  const absl::StatusOr<uint32_t> customer = CustomerOrdinal(submission.customer_id(), state, group);
  if (!customer.ok()) {
    return Refused(customer.status());
  }

  store::v1::StoredCounters& counters = state.counters();
  counters.set_feedback_count(counters.feedback_count() + 1);
  survey->has_answers = true;
  FeedbackHeader header;
  header.score = ScoreOf(submission);
  header.customer_ordinal = *customer;
  header.series = SeriesOf(body.labels(), *survey, state, group);
  header.zone_offset_seconds = submission.zone_offset_seconds();
  header.sequence = TakeSequence(
      {ChangeKind::kCreated, Entity::kFeedback, survey_number, *feedback_id}, state, group);
  header.fingerprint = FingerprintOf(submission);

  const FeedbackKey key{survey_number, *feedback_id};
  group.Put(Family::kFeedback, key.Encode(), EncodeFeedback(header, body));
  state.recent_ids().Add(survey_number, *feedback_id);
  if (!external_id_key.empty()) {
    group.Put(Family::kFeedbackByExternalId, external_id_key,
              EncodeExternalIdEntry(*feedback_id, body.external_id()));
  }
  if (*customer != kAnonymous) {
    group.Put(Family::kFeedbackByCustomer,
              FeedbackByCustomerKey{*customer, *feedback_id, survey_number}.Encode(), "");
  }
  CountInCube(key, header, *survey, 1, group);

  SubmissionOutcome outcome{SubmissionOutcome::Kind::kAccepted, absl::OkStatus(), nullptr};
  if (want_record) {
    outcome.record = std::make_unique<FeedbackRecord>(
        FeedbackRecord{survey_number, *feedback_id, header, body, submission.customer_id()});
  }
  return outcome;
}

}  // namespace emptychair::storage
