// Filters that nothing fits, which are most often slips.
#ifndef EMPTYCHAIR_SERVER_REQUEST_UNMATCHED_FILTERS_H_
#define EMPTYCHAIR_SERVER_REQUEST_UNMATCHED_FILTERS_H_

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "emptychair/store/v1/value.pb.h"
#include "emptychair/v1/selection.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "storage/read/view.h"
#include "storage/store.h"

namespace emptychair {

// An answer names at most so many: a filter can have a thousand values; who slips, slips in few.
inline constexpr int kUnmatchedMax = 100;

// Adds a name to those that there are, of which an answer tells the first ten by their bytes.
void AddKnownName(absl::string_view name, std::set<std::string>& names);

// What nothing fits: the value of the key, or without one the key itself. Pure.
v1::UnmatchedFilter MakeUnmatched(const std::string& key, const std::optional<std::string>& value,
                                  const std::set<std::string>& known);

// Finds the keys of filters that are neither a dimension of the surveys asked nor a label of any of
// their answers, and the values of dimensions that no answer has, ids of no survey asked among
// them. Series tell the values of dimensions. What only records tell is told by those that the call
// reads anyway, else by a look at the surveys' first ones, which has a limit: where that is not
// enough, nothing is said. Of a value that answers had once, nothing is said either. At most 100
// are named in an answer. For one call; not thread-safe.
class UnmatchedFilters {
 public:
  // `surveys`, those asked, must outlive this.
  UnmatchedFilters(std::vector<const storage::SurveyView*> surveys,
                   std::vector<v1::LabelFilter> filters)
      : surveys_(std::move(surveys)), filters_(std::move(filters)) {}

  // Looks at the surveys' series, which is done where the call does its work. To be called before
  // any record is read. Idempotent.
  void Begin();

  // Whether records can tell more.
  bool is_open() const { return !open_.empty(); }

  // To be called with each record that the call decodes while this is open ...
  void See(const store::v1::StoredFeedback& body);
  // ... when it leaves one out before that ...
  void Skip() { has_skipped_ = true; }
  // ... and once it has come to the end of all records of the surveys.
  void ReachEnd() { has_seen_all_ = !has_skipped_; }

  // Adds what nothing fits to `unmatched`, but for what is there already; to be called last.
  // Errors: STORE_DAMAGED.
  absl::Status AddTo(const storage::Store& store, const storage::View& view,
                     google::protobuf::RepeatedPtrField<v1::UnmatchedFilter>& unmatched);

 private:
  // A key, and a value of it or nothing where the key itself is in doubt.
  using Question = std::pair<std::string, std::optional<std::string>>;

  // A key whose label of a record answers what is asked of it.
  struct OpenKey {
    bool key_is_in_doubt = false;
    std::set<std::string, std::less<>> values;
  };

  void Ask(const v1::LabelFilter& filter);
  void SettleOpen();
  absl::StatusOr<bool> Look(const storage::Store& store, const storage::View& view);

  const std::vector<const storage::SurveyView*> surveys_;
  const std::vector<v1::LabelFilter> filters_;
  bool has_begun_ = false;
  std::set<Question> unmatched_;  // Settled.
  // What only records tell, by key; looked up in a record once for all its values.
  std::map<std::string, OpenKey> open_;
  bool has_skipped_ = false;
  bool has_seen_all_ = false;
  // The first by their bytes.
  std::set<std::string> known_keys_;
  std::map<std::string, std::set<std::string>> known_values_;  // By key.
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_REQUEST_UNMATCHED_FILTERS_H_
