// SurveyService: checks and translates.
#ifndef EMPTYCHAIR_SERVER_SERVICES_SURVEY_SERVICE_H_
#define EMPTYCHAIR_SERVER_SERVICES_SURVEY_SERVICE_H_

#include <memory>

#include "common/base/clock.h"
#include "emptychair/v1/survey_service.grpc.pb.h"
#include "server/rpc/call.h"
#include "server/rpc/raw_methods.h"
#include "storage/store.h"

namespace emptychair {

using SurveyServiceBase =
    RawMethods<v1::SurveyService::Service, v1::SurveyService::WithRawCallbackMethod_CreateSurvey,
               v1::SurveyService::WithRawCallbackMethod_GetSurvey,
               v1::SurveyService::WithRawCallbackMethod_ListSurveys,
               v1::SurveyService::WithRawCallbackMethod_UpdateSurvey,
               v1::SurveyService::WithRawCallbackMethod_ArchiveSurvey,
               v1::SurveyService::WithRawCallbackMethod_DeleteSurvey>::Type;

// Thread-safe. What it is given must outlive it.
class SurveyServiceImpl final : public SurveyServiceBase {
 public:
  SurveyServiceImpl(storage::Store* store, CallRunner* runner, const Clock* clock)
      : store_(store), runner_(runner), clock_(clock) {}

  grpc::ServerUnaryReactor* CreateSurvey(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetSurvey(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListSurveys(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* UpdateSurvey(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ArchiveSurvey(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* DeleteSurvey(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;

 private:
  void StartUpdate(std::shared_ptr<const v1::UpdateSurveyRequest> request,
                   v1::UpdateSurveyResponse& response, ReplyHandle finish);

  storage::Store* const store_;
  CallRunner* const runner_;
  const Clock* const clock_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_SURVEY_SERVICE_H_
