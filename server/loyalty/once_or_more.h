// Who is in one of several sets, and who in several of them.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_ONCE_OR_MORE_H_
#define EMPTYCHAIR_SERVER_LOYALTY_ONCE_OR_MORE_H_

#include "storage/format/customer_set.h"

namespace emptychair {

// Takes in sets of one chunk. Not thread-safe.
class OnceOrMore {
 public:
  // Adds another set.
  void Add(const storage::CustomerSetRow& set) {
    twice_.AddBoth(once_, set);
    once_.Add(set);
  }
  // Adds a set whose members count as two.
  void AddTwice(const storage::CustomerSetRow& set) {
    twice_.Add(set);
    once_.Add(set);
  }

  const storage::CustomerSetRow& once() const { return once_; }
  const storage::CustomerSetRow& twice() const { return twice_; }

 private:
  storage::CustomerSetRow once_;
  storage::CustomerSetRow twice_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_ONCE_OR_MORE_H_
