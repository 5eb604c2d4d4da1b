// Values of a file that are probably not what they seem. They are named, and nothing is changed.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_ODD_VALUES_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_ODD_VALUES_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "emptychair/v1/customer_service.pb.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"

namespace emptychair {

// Looks at the records of a file's first rows. Not thread-safe.
class OddValues {
 public:
  // `survey` is that of answers; activities have none.
  explicit OddValues(const v1::Survey& survey) : survey_(survey) {}

  // `has_own_id`: the file has given the record its id.
  void Add(const v1::Feedback& feedback, bool has_own_id);
  void Add(const v1::Activity& activity, bool has_own_id);

  // A sentence for each kind of odd value and each field, with how often and an example.
  std::vector<std::string> Sentences() const;

 private:
  void AddText(const std::string& field, const std::string& text, bool is_id);
  void AddId(const std::string& field, const std::string& id);
  void AddLabels(const google::protobuf::Map<std::string, std::string>& labels);

  const v1::Survey survey_;
  int64_t scores_ = 0;
  int32_t score_min_ = 0;
  int32_t score_max_ = 0;
  int64_t amounts_ = 0;
  // Amounts with three digits behind the point, as thousands have them, and the first.
  std::pair<int64_t, std::string> thousands_;
  // The field of the ids below.
  std::string id_field_;
  std::map<std::string, int64_t> ids_;
  // By field and text.
  std::map<std::pair<std::string, std::string>, int64_t> empty_;
  // By field: how often, and the first.
  std::map<std::string, std::pair<int64_t, std::string>> rounded_;
  std::map<std::string, std::pair<int64_t, std::string>> apostrophes_;
  // Of each dimension, by the folded value: its spellings.
  std::map<std::string, std::map<std::string, std::set<std::string>>> spellings_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_ODD_VALUES_H_
