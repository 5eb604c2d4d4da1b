// Random requests of every kind, from one seed, about the surveys and records of a model.
#ifndef EMPTYCHAIR_TESTS_SERVICE_MODEL_OPERATIONS_RANDOM_H_
#define EMPTYCHAIR_TESTS_SERVICE_MODEL_OPERATIONS_RANDOM_H_

#include <cstdint>
#include <string>
#include <vector>

#include "emptychair/v1/feedback_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"
#include "tests/service/model/metric_random.h"
#include "tests/service/model/operations_model.h"

namespace emptychair::testing {

// Surveys are numbered from 0. Number N is in the zone N % kZones.
inline constexpr int kSurveys = 6;
inline constexpr int kZones = 2;

// Draws from one generator. Not thread-safe.
class OperationsRandom : public MetricRandom {
 public:
  // `model` is only read, and must outlive this object.
  OperationsRandom(uint64_t seed, OperationsModel* model);

  const ZoneRow& row(int zone) const { return rows_[zone]; }

  // An etag that is no longer right, to send it as if it were.
  void AddOldEtag(const std::string& etag) { old_etags_.push_back(etag); }

  // A definition; of a survey that is there, often the same again.
  v1::Survey Survey(int number);
  v1::UpdateSurveyRequest UpdateSurvey();
  v1::ArchiveSurveyRequest ArchiveSurvey();

  // Something new, or what was sent before, as it was or with other content.
  v1::Feedback Submission();
  std::vector<v1::Feedback> Batch();

  // A record, erased ones among them, and an etag for its change; now and then no record.
  struct Target {
    std::string survey_id;
    std::string feedback_id;
    std::string etag;
    std::string external_id;  // Given in place of `feedback_id`, when not empty.
  };
  Target RandomTarget();

  v1::AmendFeedbackRequest AmendFeedback();
  v1::ExcludeFeedbackRequest ExcludeFeedback();
  v1::IncludeFeedbackRequest IncludeFeedback();
  v1::EraseFeedbackRequest EraseFeedback();

  std::string ImportId();
  v1::TakeBackImportRequest TakeBackImport();
  v1::ChangeManyFeedbackRequest ChangeManyFeedback();

  // Surveys of one zone, one at least.
  std::vector<const ModelSurvey*> SomeSurveys(int zone);
  v1::ListFeedbackRequest ListFeedback();

 private:
  int MaxSeries();
  // Often the current one; else one of another state, or none.
  std::string Etag(const std::string& current);
  // What a customer says: all that is neither identity nor time.
  void SetContent(v1::Feedback& feedback);
  v1::Feedback NewSubmission();
  // Fields for a mask, one at least.
  template <typename Request>
  void SetMask(const std::vector<std::string>& fields, Request& request);
  template <typename Message>
  static void SetIds(const Target& target, Message& message) {
    message.set_survey_id(target.survey_id);
    if (target.external_id.empty()) {
      message.set_feedback_id(target.feedback_id);
    } else {
      message.set_external_id(target.external_id);
    }
  }
  template <typename Request>
  Request ChangeOf(const Target& target);

  OperationsModel* const model_;
  std::vector<ZoneRow> rows_;
  std::vector<v1::Feedback> sent_;
  std::vector<std::string> old_etags_;
  // Ids made so far.
  int made_ = 0;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_MODEL_OPERATIONS_RANDOM_H_
