// What the service must answer to changes, in plain maps. Shares no code with the server.
#ifndef EMPTYCHAIR_TESTS_SERVICE_MODEL_OPERATIONS_MODEL_H_
#define EMPTYCHAIR_TESTS_SERVICE_MODEL_OPERATIONS_MODEL_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "emptychair/v1/error_reason.pb.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"
#include "tests/service/model/metric_model.h"

namespace emptychair::testing {

// A survey or a record as it must be answered. Only the service knows its etag: whoever reads it
// puts it into `stored`, and it must be a new one when `is_changed`.
template <typename Message>
struct Modelled {
  Message stored;
  bool is_changed = true;
};

struct ModelledSurvey : Modelled<v1::Survey> {
  explicit ModelledSurvey(const v1::Survey& survey)
      : metrics(survey.survey_id(), {survey.dimensions().begin(), survey.dimensions().end()},
                static_cast<size_t>(survey.max_series())) {
    stored = survey;
  }
  ModelSurvey metrics;
};

struct ModelledRecord : Modelled<v1::Feedback> {
  // The submission that it was made of.
  v1::Feedback sent;
  bool is_erased = false;
};

// The time in a UUIDv7, written in lower case or upper: its first 48 bits, in milliseconds.
absl::Time TimeOfId(const std::string& feedback_id);

// Every method takes a change, which must be of valid syntax, and answers how it must end:
// unspecified for OK. Etags that are sent are those of the model's own records and surveys, or
// older ones.
class OperationsModel {
 public:
  // Survey and record.
  using Key = std::pair<std::string, std::string>;

  v1::ErrorReason Create(const v1::Survey& wanted, absl::Time now);
  v1::ErrorReason Update(const v1::UpdateSurveyRequest& request);
  v1::ErrorReason Archive(const v1::ArchiveSurveyRequest& request, absl::Time now);

  // `feedback_id` is the one that the service made, for a record that is sent without one.
  v1::ErrorReason Submit(const v1::Feedback& sent, const std::string& feedback_id,
                         const std::string& import_id, absl::Time now, bool* already_existed);
  v1::ErrorReason Amend(const v1::AmendFeedbackRequest& request);
  v1::ErrorReason Exclude(const v1::ExcludeFeedbackRequest& request, absl::Time now);
  v1::ErrorReason Include(const v1::IncludeFeedbackRequest& request);
  v1::ErrorReason Erase(const v1::EraseFeedbackRequest& request);
  // These two answer how many records are another way.
  int64_t TakeBack(const v1::TakeBackImportRequest& request);
  int64_t ChangeMany(const v1::ChangeManyFeedbackRequest& request, absl::Time now);

  // Those that the request must list, all pages, in order.
  std::vector<v1::Feedback> List(const v1::ListFeedbackRequest& request) const;

  // Null when there is none.
  ModelledSurvey* FindSurvey(const std::string& survey_id);
  ModelledRecord* FindRecord(const std::string& survey_id, const std::string& feedback_id);
  // The record that has the external id, erased or not; empty for none.
  std::string FindExternalId(const std::string& survey_id, const std::string& external_id) const;

  std::map<std::string, ModelledSurvey>& surveys() { return surveys_; }
  // In the order of their coming, erased ones too.
  const std::vector<Key>& keys() const { return keys_; }
  int64_t sequence() const { return sequence_; }
  int64_t record_count() const;
  int64_t customer_count() const { return static_cast<int64_t>(customers_.size()); }
  // Answers that count as `(other)`, by survey; of surveys without room for another combination.
  std::map<std::string, int64_t> Overflows() const;

 private:
  // The record that a change names by one of its ids; null when there is none.
  template <typename Target>
  ModelledRecord* FindTarget(const Target& target) {
    return FindRecord(target.survey_id(),
                      target.external_id().empty()
                          ? target.feedback_id()
                          : FindExternalId(target.survey_id(), target.external_id()));
  }

  // Makes `wanted` the record, unless it is that already or `etag` is of another state.
  v1::ErrorReason Replace(ModelledRecord& record, const std::string& etag, v1::Feedback wanted);
  void Put(ModelledSurvey& survey, v1::Survey wanted);

  int64_t sequence_ = 0;
  std::map<std::string, ModelledSurvey> surveys_;
  // By id within their survey, and so by time.
  std::map<std::string, std::map<std::string, ModelledRecord>> records_;
  std::map<Key, std::string> external_ids_;
  std::set<std::string> customers_;
  std::vector<Key> keys_;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_MODEL_OPERATIONS_MODEL_H_
