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

 private:
  void StartCreate(const v1::CreateSurveyRequest& request, v1::CreateSurveyResponse& response,
                   Finisher finish);

  storage::Store* const store_;
  CallRunner* const runner_;
  const Clock* const clock_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_SURVEY_SERVICE_H_
