#include "tests/service/model/operations_model.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using google::protobuf::util::MessageDifferencer;

constexpr v1::ErrorReason kOk = v1::ERROR_REASON_UNSPECIFIED;

// What a caller declares of a survey.
v1::Survey Declared(v1::Survey survey) {
  survey.clear_create_time();
  survey.clear_archive_time();
  survey.clear_etag();
  survey.clear_retired_dimensions();
  return survey;
}

bool IsOnScale(const v1::Feedback& feedback) {
  return !feedback.has_score() || (feedback.score() >= 0 && feedback.score() <= 10);
}

absl::Time TimeOf(const v1::Feedback& feedback) { return FromTimestamp(feedback.occur_time()); }

// The submission with its id in lower case and its time in milliseconds.
v1::Feedback Normalized(v1::Feedback feedback) {
  feedback.set_feedback_id(absl::AsciiStrToLower(feedback.feedback_id()));
  if (!feedback.feedback_id().empty()) {
    *feedback.mutable_occur_time() = Timestamp(TimeOfId(feedback.feedback_id()));
  } else if (feedback.has_occur_time()) {
    *feedback.mutable_occur_time() =
        Timestamp(absl::FromUnixMillis(absl::ToUnixMillis(TimeOf(feedback))));
  }
  return feedback;
}

// Whether a submission that has an id of the record is the one that it was made of.
bool IsSameAgain(const ModelledRecord& record, const v1::Feedback& normalized) {
  v1::Feedback sent = normalized;
  const auto is_of_record = [](const std::string& id, const std::string& stored) {
    return id.empty() || id == stored;
  };
  const bool same_identity =
      is_of_record(sent.feedback_id(), record.stored.feedback_id()) &&
      is_of_record(sent.external_id(), record.stored.external_id()) &&
      (!sent.has_occur_time() ||
       MessageDifferencer::Equals(sent.occur_time(), record.stored.occur_time()));
  v1::Feedback first = record.sent;
  for (v1::Feedback* content : {&sent, &first}) {
    content->clear_feedback_id();
    content->clear_external_id();
    content->clear_occur_time();
    content->clear_exclusion();
  }
  return same_identity && MessageDifferencer::Equals(sent, first);
}

ModelAnswer AnswerOf(const v1::Feedback& feedback) {
  ModelAnswer answer;
  answer.time = TimeOf(feedback);
  if (feedback.has_score()) {
    answer.score = feedback.score();
  }
  answer.customer = feedback.customer_id();
  answer.labels.insert(feedback.labels().begin(), feedback.labels().end());
  answer.exclusion = feedback.exclusion().reason();
  return answer;
}

bool Lists(const v1::LabelFilter& filter, const std::string& value) {
  return std::find(filter.values().begin(), filter.values().end(), value) != filter.values().end();
}

bool PassesFilters(const v1::ListFeedbackRequest& request, const ModelSurvey& survey,
                   const ModelAnswer& answer) {
  for (const v1::LabelFilter& filter : request.filters()) {
    const std::set<std::string> names = survey.NamesOf(answer, filter.key());
    const bool is_listed = std::any_of(
        names.begin(), names.end(), [&](const std::string& name) { return Lists(filter, name); });
    if (is_listed == filter.negate()) {
      return false;
    }
  }
  return true;
}

bool PassesRest(const v1::ListFeedbackRequest& request, const v1::Feedback& feedback) {
  const v1::TimeInterval& interval = request.interval();
  const bool fits_score = (!request.has_min_score() ||
                           (feedback.has_score() && feedback.score() >= request.min_score())) &&
                          (!request.has_max_score() ||
                           (feedback.has_score() && feedback.score() <= request.max_score()));
  const bool fits_time =
      (!interval.has_start_time() || TimeOf(feedback) >= FromTimestamp(interval.start_time())) &&
      (!interval.has_end_time() || TimeOf(feedback) < FromTimestamp(interval.end_time()));
  const bool fits_exclusion =
      request.exclusion() <= v1::EXCLUSION_FILTER_ANY ||
      feedback.has_exclusion() == (request.exclusion() == v1::EXCLUSION_FILTER_EXCLUDED);
  return fits_score && fits_time && fits_exclusion &&
         (request.survey_id().empty() || request.survey_id() == feedback.survey_id()) &&
         (request.customer_id().empty() || request.customer_id() == feedback.customer_id()) &&
         (request.import_id().empty() || request.import_id() == feedback.import_id());
}

}  // namespace

absl::Time TimeOfId(const std::string& feedback_id) {
  const std::string digits = feedback_id.substr(0, 8) + feedback_id.substr(9, 4);
  return absl::FromUnixMillis(std::stoll(digits, nullptr, 16));
}

v1::ErrorReason OperationsModel::Create(const v1::Survey& wanted, absl::Time now) {
  if (const ModelledSurvey* survey = FindSurvey(wanted.survey_id())) {
    return MessageDifferencer::Equals(Declared(survey->stored), wanted)
               ? kOk
               : v1::ERROR_REASON_SURVEY_EXISTS;
  }
  ModelledSurvey& survey = surveys_.try_emplace(wanted.survey_id(), wanted).first->second;
  *survey.stored.mutable_create_time() = Timestamp(now);
  ++sequence_;
  return kOk;
}

v1::ErrorReason OperationsModel::Update(const v1::UpdateSurveyRequest& request) {
  ModelledSurvey* survey = FindSurvey(request.survey().survey_id());
  if (survey == nullptr) {
    return v1::ERROR_REASON_SURVEY_NOT_FOUND;
  }
  ModelSurvey changed = survey->metrics;
  v1::Survey wanted = survey->stored;
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "display_name") {
      wanted.set_display_name(request.survey().display_name());
    } else if (path == "min_sample") {
      wanted.set_min_sample(request.survey().min_sample());
      changed.set_min_sample(request.survey().min_sample());
    } else if (path == "max_series") {
      wanted.set_max_series(request.survey().max_series());
    } else {
      *wanted.mutable_dimensions() = request.survey().dimensions();
    }
  }
  changed.Redefine({wanted.dimensions().begin(), wanted.dimensions().end()},
                   static_cast<size_t>(wanted.max_series()));
  const std::vector<std::string> dimensions = changed.Dimensions(/*retired=*/false);
  const std::vector<std::string> retired = changed.Dimensions(/*retired=*/true);
  wanted.mutable_dimensions()->Assign(dimensions.begin(), dimensions.end());
  wanted.mutable_retired_dimensions()->Assign(retired.begin(), retired.end());
  if (MessageDifferencer::Equals(survey->stored, wanted)) {
    return kOk;
  }
  const std::string& etag = request.survey().etag();
  if (!etag.empty() && etag != survey->stored.etag()) {
    return v1::ERROR_REASON_ETAG_MISMATCH;
  }
  survey->metrics = std::move(changed);
  Put(*survey, std::move(wanted));
  return kOk;
}

v1::ErrorReason OperationsModel::Archive(const v1::ArchiveSurveyRequest& request, absl::Time now) {
  ModelledSurvey* survey = FindSurvey(request.survey_id());
  if (survey == nullptr) {
    return v1::ERROR_REASON_SURVEY_NOT_FOUND;
  }
  if (survey->stored.has_archive_time() == request.undo()) {
    v1::Survey wanted = survey->stored;
    wanted.clear_archive_time();
    if (!request.undo()) {
      *wanted.mutable_archive_time() = Timestamp(now);
    }
    Put(*survey, std::move(wanted));
  }
  return kOk;
}

v1::ErrorReason OperationsModel::Submit(const v1::Feedback& sent, const std::string& feedback_id,
                                        const std::string& import_id, absl::Time now,
                                        bool* already_existed) {
  *already_existed = false;
  ModelledSurvey* survey = FindSurvey(sent.survey_id());
  if (survey == nullptr) {
    return v1::ERROR_REASON_SURVEY_NOT_FOUND;
  }
  const v1::Feedback normalized = Normalized(sent);
  std::string id = FindExternalId(sent.survey_id(), sent.external_id());
  if (id.empty()) {
    id = normalized.feedback_id();
  }
  if (const ModelledRecord* known = FindRecord(sent.survey_id(), id)) {
    if (known->is_erased) {
      return v1::ERROR_REASON_ERASED;
    }
    *already_existed = IsSameAgain(*known, normalized);
    return *already_existed ? kOk : v1::ERROR_REASON_CONTENT_DIFFERS;
  }
  if (survey->stored.has_archive_time()) {
    return v1::ERROR_REASON_SURVEY_ARCHIVED;
  }
  if (!IsOnScale(sent)) {
    return v1::ERROR_REASON_SCORE_OUT_OF_RANGE;
  }
  if (id.empty()) {
    id = feedback_id;
  }
  ModelledRecord& record = records_[sent.survey_id()][id];
  record.sent = normalized;
  record.stored = normalized;
  record.stored.set_feedback_id(id);
  if (!normalized.has_occur_time()) {
    *record.stored.mutable_occur_time() = Timestamp(now);
  }
  *record.stored.mutable_receive_time() = Timestamp(now);
  if (sent.has_exclusion() && !sent.exclusion().has_time()) {
    *record.stored.mutable_exclusion()->mutable_time() = Timestamp(now);
  }
  record.stored.set_import_id(import_id);
  record.stored.set_sequence(++sequence_);
  if (!sent.external_id().empty()) {
    external_ids_[{sent.survey_id(), sent.external_id()}] = id;
  }
  if (!sent.customer_id().empty()) {
    customers_.insert(sent.customer_id());
  }
  keys_.emplace_back(sent.survey_id(), id);
  survey->metrics.Add(id, AnswerOf(record.stored));
  return kOk;
}

v1::ErrorReason OperationsModel::Amend(const v1::AmendFeedbackRequest& request) {
  const v1::Feedback& changes = request.feedback();
  ModelledRecord* record = FindTarget(changes);
  if (record == nullptr) {
    return v1::ERROR_REASON_FEEDBACK_NOT_FOUND;
  }
  v1::Feedback wanted = record->stored;
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "comment") {
      wanted.set_comment(changes.comment());
    } else if (path == "labels") {
      *wanted.mutable_labels() = changes.labels();
    } else if (changes.has_score()) {
      wanted.set_score(changes.score());
    } else {
      wanted.clear_score();
    }
  }
  return Replace(*record, changes.etag(), std::move(wanted));
}

v1::ErrorReason OperationsModel::Exclude(const v1::ExcludeFeedbackRequest& request,
                                         absl::Time now) {
  ModelledRecord* record = FindTarget(request);
  if (record == nullptr) {
    return v1::ERROR_REASON_FEEDBACK_NOT_FOUND;
  }
  v1::Feedback wanted = record->stored;
  v1::Exclusion& exclusion = *wanted.mutable_exclusion();
  if (exclusion.reason() != request.reason() || exclusion.note() != request.note()) {
    exclusion.set_reason(request.reason());
    exclusion.set_note(request.note());
    *exclusion.mutable_time() = Timestamp(now);
  }
  return Replace(*record, request.etag(), std::move(wanted));
}

v1::ErrorReason OperationsModel::Include(const v1::IncludeFeedbackRequest& request) {
  ModelledRecord* record = FindTarget(request);
  if (record == nullptr) {
    return v1::ERROR_REASON_FEEDBACK_NOT_FOUND;
  }
  v1::Feedback wanted = record->stored;
  wanted.clear_exclusion();
  return Replace(*record, request.etag(), std::move(wanted));
}

v1::ErrorReason OperationsModel::Erase(const v1::EraseFeedbackRequest& request) {
  ModelledRecord* record = FindTarget(request);
  if (record == nullptr) {
    return v1::ERROR_REASON_FEEDBACK_NOT_FOUND;
  }
  if (!record->is_erased) {
    record->is_erased = true;
    ++sequence_;
    FindSurvey(request.survey_id())->metrics.Erase(record->stored.feedback_id());
  }
  return kOk;
}

int64_t OperationsModel::TakeBack(const v1::TakeBackImportRequest& request) {
  v1::ListFeedbackRequest selection;
  selection.set_survey_id(request.survey_id());
  selection.set_import_id(request.import_id());
  const std::vector<v1::Feedback> records = List(selection);
  for (const v1::Feedback& record : records) {
    ++sequence_;
    FindSurvey(record.survey_id())->metrics.Erase(record.feedback_id());
    records_[record.survey_id()].erase(record.feedback_id());
    external_ids_.erase({record.survey_id(), record.external_id()});
    keys_.erase(
        std::find(keys_.begin(), keys_.end(), Key{record.survey_id(), record.feedback_id()}));
  }
  return static_cast<int64_t>(records.size());
}

int64_t OperationsModel::ChangeMany(const v1::ChangeManyFeedbackRequest& request, absl::Time now) {
  v1::ListFeedbackRequest selection;
  selection.set_survey_id(request.survey_id());
  selection.set_import_id(request.import_id());
  selection.set_customer_id(request.customer_id());
  if (request.has_max_score()) {
    selection.set_max_score(request.max_score());
  }
  selection.set_order(v1::FEEDBACK_ORDER_OLDEST_FIRST);
  const int64_t before = sequence_;
  for (const v1::Feedback& record : List(selection)) {
    if (request.has_exclude()) {
      v1::ExcludeFeedbackRequest exclude;
      exclude.set_survey_id(record.survey_id());
      exclude.set_feedback_id(record.feedback_id());
      exclude.set_reason(request.exclude().reason());
      exclude.set_note(request.exclude().note());
      Exclude(exclude, now);
    } else {
      v1::IncludeFeedbackRequest include;
      include.set_survey_id(record.survey_id());
      include.set_feedback_id(record.feedback_id());
      Include(include);
    }
  }
  return sequence_ - before;
}

v1::ErrorReason OperationsModel::Replace(ModelledRecord& record, const std::string& etag,
                                         v1::Feedback wanted) {
  if (record.is_erased) {
    return v1::ERROR_REASON_ERASED;
  }
  if (!IsOnScale(wanted)) {
    return v1::ERROR_REASON_SCORE_OUT_OF_RANGE;
  }
  if (MessageDifferencer::Equals(record.stored, wanted)) {
    return kOk;
  }
  if (!etag.empty() && etag != record.stored.etag()) {
    return v1::ERROR_REASON_ETAG_MISMATCH;
  }
  const ModelAnswer now = AnswerOf(wanted);
  ModelSurvey& survey = FindSurvey(wanted.survey_id())->metrics;
  survey.Relabel(wanted.feedback_id(), now.labels);
  survey.answer(wanted.feedback_id()).score = now.score;
  survey.answer(wanted.feedback_id()).exclusion = wanted.exclusion().reason();
  wanted.set_sequence(++sequence_);
  record.stored = std::move(wanted);
  record.is_changed = true;
  return kOk;
}

void OperationsModel::Put(ModelledSurvey& survey, v1::Survey wanted) {
  survey.stored = std::move(wanted);
  survey.is_changed = true;
  ++sequence_;
}

std::vector<v1::Feedback> OperationsModel::List(const v1::ListFeedbackRequest& request) const {
  std::vector<v1::Feedback> found;
  for (const auto& [survey_id, records] : records_) {
    const ModelSurvey& survey = surveys_.at(survey_id).metrics;
    for (const auto& [id, record] : records) {
      if (!record.is_erased && PassesRest(request, record.stored) &&
          PassesFilters(request, survey, survey.answers().at(id))) {
        found.push_back(record.stored);
      }
    }
  }
  std::sort(found.begin(), found.end(), [](const v1::Feedback& a, const v1::Feedback& b) {
    return a.feedback_id() < b.feedback_id();
  });
  if (request.order() != v1::FEEDBACK_ORDER_OLDEST_FIRST) {
    std::reverse(found.begin(), found.end());
  }
  return found;
}

ModelledSurvey* OperationsModel::FindSurvey(const std::string& survey_id) {
  const auto survey = surveys_.find(survey_id);
  return survey == surveys_.end() ? nullptr : &survey->second;
}

ModelledRecord* OperationsModel::FindRecord(const std::string& survey_id,
                                            const std::string& feedback_id) {
  const auto records = records_.find(survey_id);
  if (records == records_.end()) {
    return nullptr;
  }
  const auto record = records->second.find(feedback_id);
  return record == records->second.end() ? nullptr : &record->second;
}

std::string OperationsModel::FindExternalId(const std::string& survey_id,
                                            const std::string& external_id) const {
  const auto found = external_ids_.find({survey_id, external_id});
  return found == external_ids_.end() ? "" : found->second;
}

int64_t OperationsModel::record_count() const {
  int64_t count = 0;
  for (const auto& [survey_id, survey] : surveys_) {
    count += static_cast<int64_t>(survey.metrics.answers().size());
  }
  return count;
}

std::map<std::string, int64_t> OperationsModel::Overflows() const {
  std::map<std::string, int64_t> overflows;
  for (const auto& [survey_id, survey] : surveys_) {
    for (const auto& [id, answer] : survey.metrics.answers()) {
      if (answer.is_other && !survey.metrics.has_room()) {
        ++overflows[survey_id];
      }
    }
  }
  return overflows;
}

}  // namespace emptychair::testing
