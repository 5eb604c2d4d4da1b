// Reads pages as tests look at them: elements by name, attributes, and the numbers of cells.
#ifndef EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_HTML_QUERY_H_
#define EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_HTML_QUERY_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace emptychair {

using Attributes = std::map<std::string, std::string>;

// The attributes of every `<name …>` in `html`, in its order.
std::vector<Attributes> ElementsOf(const std::string& html, const std::string& name);

// All values of data-value.
std::set<std::string> DataValuesOf(const std::string& html);

// All numbers of `message`, as its JSON has them.
std::set<std::string> NumbersOf(const google::protobuf::Message& message);

// What is wrong with the markup: an element that is not closed or closed twice, a quote that is
// open. Empty when nothing is.
std::string MarkupError(const std::string& html);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_HTML_QUERY_H_
