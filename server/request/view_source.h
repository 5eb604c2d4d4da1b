// Where work that takes long gets the newest state from.
#ifndef EMPTYCHAIR_SERVER_REQUEST_VIEW_SOURCE_H_
#define EMPTYCHAIR_SERVER_REQUEST_VIEW_SOURCE_H_

#include <functional>
#include <memory>

#include "storage/read/view.h"

namespace emptychair {

// Answers with the newest state that whoever the work is for may see. Thread-safe.
using ViewSource = std::function<std::shared_ptr<const storage::View>()>;

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_REQUEST_VIEW_SOURCE_H_
