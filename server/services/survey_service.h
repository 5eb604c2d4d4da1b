// Handles the methods of SurveyService: checks and translates.
#ifndef EMPTYCHAIR_SERVER_SERVICES_SURVEY_SERVICE_H_
#define EMPTYCHAIR_SERVER_SERVICES_SURVEY_SERVICE_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "emptychair/v1/survey_service.pb.h"
#include "server/access/auditor.h"
#include "server/api/method_spec.h"
#include "storage/store.h"

namespace emptychair {

// Thread-safe. `store` and `clock` must outlive the service, which must outlive all its calls.
class SurveyService {
 public:
  SurveyService(storage::Store* store, const Clock* clock)
      : store_(store), clock_(clock), auditor_(store, clock) {}
  SurveyService(const SurveyService&) = delete;
  SurveyService& operator=(const SurveyService&) = delete;

  void AddTo(MethodTable& table);

  void CreateSurvey(const RequestContext& context, const v1::CreateSurveyRequest& request,
                    v1::CreateSurveyResponse& response, ReplyHandle reply);
  absl::Status GetSurvey(const RequestContext& context, const v1::GetSurveyRequest& request,
                         v1::GetSurveyResponse& response) const;
  absl::Status ListSurveys(const RequestContext& context, const v1::ListSurveysRequest& request,
                           v1::ListSurveysResponse& response) const;
  void UpdateSurvey(const RequestContext& context, const v1::UpdateSurveyRequest& request,
                    v1::UpdateSurveyResponse& response, ReplyHandle reply);
  void ArchiveSurvey(const RequestContext& context, const v1::ArchiveSurveyRequest& request,
                     v1::ArchiveSurveyResponse& response, ReplyHandle reply);
  void DeleteSurvey(const RequestContext& context, const v1::DeleteSurveyRequest& request,
                    v1::DeleteSurveyResponse& response, ReplyHandle reply);

 private:
  void StartUpdate(const RequestContext& context,
                   std::shared_ptr<const v1::UpdateSurveyRequest> request,
                   v1::UpdateSurveyResponse& response, ReplyHandle reply);

  storage::Store* const store_;
  const Clock* const clock_;
  const Auditor auditor_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_SURVEY_SERVICE_H_
