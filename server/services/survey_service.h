// SurveyService: checks and translates.
#ifndef EMPTYCHAIR_SERVER_SERVICES_SURVEY_SERVICE_H_
#define EMPTYCHAIR_SERVER_SERVICES_SURVEY_SERVICE_H_

#include "common/base/clock.h"
#include "emptychair/v1/survey_service.grpc.pb.h"
#include "server/rpc/call.h"
#include "storage/store.h"

namespace emptychair {

// Thread-safe. What it is given must outlive it.
class SurveyServiceImpl final : public v1::SurveyService::CallbackService {
 public:
  SurveyServiceImpl(storage::Store* store, CallRunner* runner, const Clock* clock)
      : store_(store), runner_(runner), clock_(clock) {}

  grpc::ServerUnaryReactor* CreateSurvey(grpc::CallbackServerContext* context,
                                         const v1::CreateSurveyRequest* request,
                                         v1::CreateSurveyResponse* response) override;
  grpc::ServerUnaryReactor* GetSurvey(grpc::CallbackServerContext* context,
                                      const v1::GetSurveyRequest* request,
                                      v1::GetSurveyResponse* response) override;
  grpc::ServerUnaryReactor* ListSurveys(grpc::CallbackServerContext* context,
                                        const v1::ListSurveysRequest* request,
                                        v1::ListSurveysResponse* response) override;
  grpc::ServerUnaryReactor* UpdateSurvey(grpc::CallbackServerContext* context,
                                         const v1::UpdateSurveyRequest* request,
                                         v1::UpdateSurveyResponse* response) override;
  grpc::ServerUnaryReactor* ArchiveSurvey(grpc::CallbackServerContext* context,
                                          const v1::ArchiveSurveyRequest* request,
                                          v1::ArchiveSurveyResponse* response) override;
  grpc::ServerUnaryReactor* DeleteSurvey(grpc::CallbackServerContext* context,
                                         const v1::DeleteSurveyRequest* request,
                                         v1::DeleteSurveyResponse* response) override;

 private:
  void StartUpdate(const v1::UpdateSurveyRequest& request, v1::UpdateSurveyResponse& response,
                   Finisher finish);

  storage::Store* const store_;
  CallRunner* const runner_;
  const Clock* const clock_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_SURVEY_SERVICE_H_
