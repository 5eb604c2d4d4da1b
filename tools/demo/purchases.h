// What the demonstration's customers do: purchases from 2024-01-01 to 2025-06-30.
//
// The story in it: who would recommend the shop comes back more often. A customer buys by habit,
// more often after having answered "relationship" as a promoter, less often as a detractor.
#ifndef EMPTYCHAIR_TOOLS_DEMO_PURCHASES_H_
#define EMPTYCHAIR_TOOLS_DEMO_PURCHASES_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "emptychair/v1/customer_service.pb.h"

namespace emptychair::demo {

// The activity kind, in UTC.
inline constexpr absl::string_view kPurchaseKind = "purchase";

// All purchases, by time. The same on every machine and every day; ids are unique.
std::vector<v1::Activity> Purchases();

}  // namespace emptychair::demo

#endif  // EMPTYCHAIR_TOOLS_DEMO_PURCHASES_H_
