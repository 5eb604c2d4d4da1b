#include "server/access/visible_view.h"

#include <utility>

namespace emptychair {
namespace {

using storage::AccessEntry;
using storage::View;

// What a key of some surveys sees, and what that was made of: the same until surveys or the key
// change, however many answers come in.
struct Narrowing {
  std::shared_ptr<const storage::Catalog> of_catalog;
  std::shared_ptr<const storage::FormerSurveys> of_former;
  std::shared_ptr<const storage::SurveyNumbers> numbers;
  std::shared_ptr<const storage::Catalog> catalog;
  std::shared_ptr<const storage::FormerSurveys> former;
};

Narrowing Narrow(const View& view, std::shared_ptr<const storage::SurveyNumbers> numbers) {
  auto catalog = std::make_shared<storage::Catalog>();
  for (const auto& [survey_id, survey] : *view.catalog) {
    if (numbers->contains(survey->number())) {
      catalog->emplace_hint(catalog->end(), survey_id, survey);
    }
  }
  auto former = std::make_shared<storage::FormerSurveys>();
  for (const auto& [number, survey_id] : *view.former_surveys) {
    if (numbers->contains(number)) {
      former->emplace(number, survey_id);
    }
  }
  return {view.catalog, view.former_surveys, std::move(numbers), std::move(catalog),
          std::move(former)};
}

// Surveys with these numbers, and those that had them.
std::shared_ptr<const View> Narrowed(const View& view,
                                     const std::shared_ptr<const storage::SurveyNumbers>& numbers) {
  // A caller comes again and again: going through all surveys for each of its records would cost
  // more than the record.
  thread_local Narrowing last;
  if (last.of_catalog != view.catalog || last.of_former != view.former_surveys ||
      last.numbers != numbers) {
    last = Narrow(view, numbers);
  }
  auto narrowed = std::make_shared<View>(view);
  narrowed->catalog = last.catalog;
  narrowed->former_surveys = last.former;
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
    return Narrowed(*view, std::make_shared<const storage::SurveyNumbers>());
  }
  return entry->stored->all_surveys() ? view : Narrowed(*view, entry->surveys);
}

ViewSource VisibleViews(const Caller& caller, const storage::Store& store) {
  return [caller, &store] { return VisibleView(caller, store); };
}

}  // namespace emptychair
