#include "server/access/visible_view.h"

#include <utility>

namespace emptychair {
namespace {

using storage::AccessEntry;
using storage::View;

// Surveys with these numbers, and those that had them.
std::shared_ptr<const View> Narrowed(const View& view, const storage::SurveyNumbers& numbers) {
  auto narrowed = std::make_shared<View>(view);
  auto catalog = std::make_shared<storage::Catalog>();
  for (const auto& [survey_id, survey] : *view.catalog) {
    if (numbers.contains(survey->number())) {
      catalog->emplace_hint(catalog->end(), survey_id, survey);
    }
  }
  auto former = std::make_shared<storage::FormerSurveys>();
  for (const auto& [number, survey_id] : *view.former_surveys) {
    if (numbers.contains(number)) {
      former->emplace(number, survey_id);
    }
  }
  narrowed->catalog = std::move(catalog);
  narrowed->former_surveys = std::move(former);
  return narrowed;
}

}  // namespace

std::shared_ptr<const View> VisibleView(const Caller& caller, const storage::Store& store) {
  std::shared_ptr<const View> view = store.view();
  if (caller.kind != Caller::Kind::kKey && caller.kind != Caller::Kind::kCertificate) {
    return view;
  }
  const AccessEntry* entry = view->access->Find(caller.key_id);
  if (entry == nullptr) {
    return Narrowed(*view, {});
  }
  return entry->stored->all_surveys() ? view : Narrowed(*view, *entry->surveys);
}

ViewSource VisibleViews(const Caller& caller, const storage::Store& store) {
  return [caller, &store] { return VisibleView(caller, store); };
}

}  // namespace emptychair
