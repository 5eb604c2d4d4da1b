// Results that come one after the other.
#ifndef EMPTYCHAIR_CLIENT_RESULT_RANGE_H_
#define EMPTYCHAIR_CLIENT_RESULT_RANGE_H_

#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace emptychair {

// The results of a list or a stream, fetched as they are asked for:
//
//   for (absl::StatusOr<v1::Survey>& survey : client.ListSurveys()) {
//     if (!survey.ok()) return survey.status();
//     Use(*survey);
//   }
//
// An error is the last element. Elements can be moved from. Going to the next element (`begin` goes
// to the first) can wait for the service.
//
// A std::ranges::input_range: one pass, and `begin` again goes on where the pass stands. Can be
// moved, but not while it is iterated over; iterators point into it. Not thread-safe: one thread at
// a time, not always the same. Destroying it before its end gives up the rest.
template <typename T>
class ResultRange {
 public:
  // Answers the next result, and nothing at the end. Not called again after that, or after an
  // error.
  using Source = absl::AnyInvocable<std::optional<absl::StatusOr<T>>()>;

  explicit ResultRange(Source source) : source_(std::move(source)) {}

  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = absl::StatusOr<T>;

    explicit Iterator(ResultRange* range) : range_(range) {}

    value_type& operator*() const { return *range_->current_; }
    value_type* operator->() const { return &*range_->current_; }

    Iterator& operator++() {
      range_->Advance();
      return *this;
    }
    void operator++(int) { ++*this; }

    bool operator==(std::default_sentinel_t) const { return !range_->current_.has_value(); }

   private:
    ResultRange* range_;
  };

  Iterator begin() {
    if (!current_.has_value()) {
      Advance();
    }
    return Iterator(this);
  }
  std::default_sentinel_t end() const { return std::default_sentinel; }

 private:
  void Advance() {
    current_ = source_ == nullptr ? std::nullopt : source_();
    if (!current_.has_value() || !current_->ok()) {
      source_ = nullptr;
    }
  }

  Source source_;
  std::optional<absl::StatusOr<T>> current_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_RESULT_RANGE_H_
