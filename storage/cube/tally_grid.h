// Sums of histograms by group and bucket: what a query adds up.
#ifndef EMPTYCHAIR_STORAGE_CUBE_TALLY_GRID_H_
#define EMPTYCHAIR_STORAGE_CUBE_TALLY_GRID_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "storage/format/cube_row.h"

namespace emptychair::storage {

// A tally for each pair of group and bucket. Memory is taken for a group when something is first
// added to it, and for no more than `groups_max` groups. Not thread-safe.
class TallyGrid {
 public:
  struct Options {
    size_t buckets = 1;
    size_t score_count = 0;  // Scores on the scale.
    size_t groups_max = 1;
    bool include_excluded = false;  // Excluded answers also count as if they were not.
  };

  TallyGrid(const Options& options, size_t group_count)
      : options_(options),
        bins_(1 + options.score_count),
        stride_(bins_ + kDispositionMax + 1),
        slab_of_group_(group_count, kNoSlab) {}

  // Adds to one tally. `bin` is that of the cube's rows; one past the scale is left out and counted
  // as damage. False, and nothing is added, when the group would be one too many.
  bool Add(uint32_t group, uint32_t bucket, uint8_t disposition, uint8_t bin, int64_t count) {
    int64_t* tally = Tally(group, bucket);
    if (tally == nullptr) {
      return false;
    }
    AddTo(tally, disposition, bin, count);
    return true;
  }

  // The same for a piece of a row; `sign` is 1 to add it and -1 to take it away.
  bool Add(uint32_t group, uint32_t bucket, const CubeRowReader& piece, int64_t sign) {
    int64_t* tally = Tally(group, bucket);
    if (tally == nullptr) {
      return false;
    }
    const uint8_t disposition = piece.disposition();
    if (disposition == kCountedDisposition && piece.first_bin() + piece.bins() <= bins_) {
      piece.ForEachBin([tally, sign](uint8_t bin, int64_t count) {
        tally[bin] = WrappingSum(tally[bin], WrappingProduct(sign, count));
      });
    } else {
      piece.ForEachBin([&](uint8_t bin, int64_t count) {
        AddTo(tally, disposition, bin, WrappingProduct(sign, count));
      });
    }
    return true;
  }

  // Adds to the customers that one tally rests on; false as above.
  bool AddCustomers(uint32_t group, uint32_t bucket, int64_t count) {
    int64_t* tally = Tally(group, bucket);
    if (tally == nullptr) {
      return false;
    }
    tally[bins_ + kCustomersSlot] = WrappingSum(tally[bins_ + kCustomersSlot], count);
    return true;
  }

  size_t group_count() const { return slab_of_group_.size(); }
  size_t bucket_count() const { return options_.buckets; }

  // Groups that something was added to, be it taken away again.
  size_t touched_group_count() const { return slab_count_; }
  // Whether the group has answers in any bucket.
  bool IsUsed(uint32_t group) const {
    if (slab_of_group_[group] == kNoSlab) {
      return false;
    }
    const auto tallies = absl::MakeConstSpan(tallies_).subspan(Offset(slab_of_group_[group], 0),
                                                               options_.buckets * stride_);
    return std::any_of(tallies.begin(), tallies.end(), [](int64_t count) { return count != 0; });
  }

  // Something was not added because its group would have been one too many.
  bool is_full() const { return is_full_; }

  // Counts that stood outside of the scale.
  int64_t bins_past_scale() const { return bins_past_scale_; }

  // One tally: unscored, then each score, then customers, then excluded by reason (from reason 1).
  // Only for a used group.
  absl::Span<const int64_t> At(uint32_t group, uint32_t bucket) const {
    return absl::MakeConstSpan(tallies_).subspan(Offset(slab_of_group_[group], bucket), stride_);
  }
  size_t stride() const { return stride_; }

 private:
  static constexpr uint32_t kNoSlab = UINT32_MAX;
  // No answer is excluded for this reason.
  static constexpr size_t kCustomersSlot = kCountedDisposition;

  // Nothing when the group would be one too many.
  int64_t* Tally(uint32_t group, uint32_t bucket) {
    uint32_t& slab = slab_of_group_[group];
    if (slab == kNoSlab) {
      if (slab_count_ == options_.groups_max) {
        is_full_ = true;
        return nullptr;
      }
      slab = slab_count_++;
      tallies_.resize(static_cast<size_t>(slab_count_) * options_.buckets * stride_);
    }
    return &tallies_[Offset(slab, bucket)];
  }
  void AddTo(int64_t* tally, uint8_t disposition, uint8_t bin, int64_t count) {
    if (bin >= bins_) {
      ++bins_past_scale_;
      return;
    }
    if (disposition != kCountedDisposition) {
      tally[bins_ + disposition] = WrappingSum(tally[bins_ + disposition], count);
    }
    if (disposition == kCountedDisposition || options_.include_excluded) {
      tally[bin] = WrappingSum(tally[bin], count);
    }
  }

  size_t Offset(uint32_t slab, uint32_t bucket) const {
    return (slab * options_.buckets + bucket) * stride_;
  }

  Options options_;
  size_t bins_;
  size_t stride_;
  std::vector<uint32_t> slab_of_group_;
  uint32_t slab_count_ = 0;
  int64_t bins_past_scale_ = 0;
  bool is_full_ = false;
  std::vector<int64_t> tallies_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CUBE_TALLY_GRID_H_
