// What a check of a store found, as it is answered.
#ifndef EMPTYCHAIR_SERVER_SERVICES_STORE_DIFFERENCE_H_
#define EMPTYCHAIR_SERVER_SERVICES_STORE_DIFFERENCE_H_

#include "emptychair/v1/admin_service.pb.h"
#include "storage/check/verify.h"

namespace emptychair {

v1::StoreDifference ToStoreDifference(const storage::Difference& difference);
v1::VerifySummary ToVerifySummary(const storage::VerifySummary& summary);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_STORE_DIFFERENCE_H_
