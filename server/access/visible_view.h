// What of the store a caller may see.
#ifndef EMPTYCHAIR_SERVER_ACCESS_VISIBLE_VIEW_H_
#define EMPTYCHAIR_SERVER_ACCESS_VISIBLE_VIEW_H_

#include <memory>

#include "server/api/request_context.h"
#include "server/request/view_source.h"
#include "storage/store.h"

namespace emptychair {

// The newest state, without the surveys that the caller may not use: as if they were not there, so
// that nothing that is made of it can tell. Which these are is as in that state, so that a key that
// was narrowed is so for calls under way, too.
std::shared_ptr<const storage::View> VisibleView(const Caller& caller, const storage::Store& store);

// The same for work that looks at the newest state again and again. `store` must outlive it.
ViewSource VisibleViews(const Caller& caller, const storage::Store& store);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ACCESS_VISIBLE_VIEW_H_
