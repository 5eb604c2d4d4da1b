// Walks a part of a column family.
#ifndef EMPTYCHAIR_STORAGE_READ_BOUNDED_ITERATOR_H_
#define EMPTYCHAIR_STORAGE_READ_BOUNDED_ITERATOR_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/engine/engine.h"
#include "storage/read/view.h"

namespace emptychair::storage {

// Walks the entries of a family in [first, past) at a view's snapshot, forward or backward. What it
// is given must outlive it. Not thread-safe.
class BoundedIterator {
 public:
  BoundedIterator(const Engine& engine, const View& view, Family family, std::string first,
                  std::string past, bool backward)
      : first_(std::move(first)), past_(std::move(past)), backward_(backward) {
    lower_bound_ = ToSlice(first_);
    upper_bound_ = ToSlice(past_);
    rocksdb::ReadOptions options;
    options.snapshot = view.snapshot->get();
    options.iterate_lower_bound = &lower_bound_;
    options.iterate_upper_bound = &upper_bound_;
    it_.reset(engine.db()->NewIterator(options, engine.handle(family)));
    if (backward_) {
      it_->SeekToLast();
    } else {
      it_->SeekToFirst();
    }
  }
  BoundedIterator(const BoundedIterator&) = delete;
  BoundedIterator& operator=(const BoundedIterator&) = delete;

  bool Valid() const { return first_ < past_ && it_->Valid(); }
  absl::string_view key() const { return ToView(it_->key()); }
  absl::string_view value() const { return ToView(it_->value()); }
  void Next() {
    if (backward_) {
      it_->Prev();
    } else {
      it_->Next();
    }
  }
  // Goes forward to the first entry from `key` on.
  void SkipTo(absl::string_view key) { it_->Seek(ToSlice(key)); }
  absl::Status status() const { return FromRocksDb(it_->status(), "reading activities"); }

 private:
  const std::string first_;
  const std::string past_;
  const bool backward_;
  rocksdb::Slice lower_bound_;
  rocksdb::Slice upper_bound_;
  std::unique_ptr<rocksdb::Iterator> it_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_BOUNDED_ITERATOR_H_
