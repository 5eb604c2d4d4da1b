// Adds up histograms by group and bucket, for queries.
#ifndef EMPTYCHAIR_STORAGE_CUBE_TALLY_GRID_H_
#define EMPTYCHAIR_STORAGE_CUBE_TALLY_GRID_H_

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/types/span.h"
#include "storage/format/cube_row.h"

namespace emptychair::storage {

// The counts of a tally by name; owns nothing.
struct TallyView {
  int64_t unscored = 0;
  absl::Span<const int64_t> histogram;  // Answers of each score, from the scale's minimum.
  int64_t customers = 0;                // Customers that the answers are of, where that is counted.
  absl::Span<const int64_t> excluded;   // Excluded answers by reason, from reason 1.
};

// Adds a tally to `sum`, which is at least as long and laid out alike.
inline void AddTally(absl::Span<const int64_t> tally, absl::Span<int64_t> sum) {
  assert(tally.size() <= sum.size());
  // A span checks each index.
  const int64_t* const from = tally.data();
  int64_t* const to = sum.data();
  for (size_t i = 0, size = tally.size(); i < size; ++i) {
    to[i] = WrappingSum(to[i], from[i]);
  }
}

// Keeps a tally for each pair of group and bucket. Memory is taken for a group when something is
// first added to it, and for no more than `groups_max` groups. Not thread-safe.
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
        stride_(bins_ + 1 + kDispositionMax),
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

  // Adds to answers that count, whatever their disposition; `bin` is on the scale. False as above.
  bool AddCounted(uint32_t group, uint32_t bucket, uint8_t bin, int64_t count) {
    return AddToSlot(group, bucket, bin, count);
  }

  // The same for an answer that stands for its customer, whom it adds, too. False as above.
  bool AddChosen(uint32_t group, uint32_t bucket, uint8_t bin, int64_t count) {
    int64_t* tally = Tally(group, bucket);
    if (tally == nullptr) {
      return false;
    }
    tally[bin] = WrappingSum(tally[bin], count);
    tally[CustomersSlot()] = WrappingSum(tally[CustomersSlot()], count);
    return true;
  }

  // Adds to the answers that are excluded for the reason, a disposition above 0, and to nothing
  // else, included or not. False as above.
  bool AddExcluded(uint32_t group, uint32_t bucket, uint8_t reason, int64_t count) {
    return AddToSlot(group, bucket, ExcludedSlot(reason), count);
  }

  // Takes each group's tallies for a difference array, in which a bucket says how it differs from
  // the one before, and turns them into what it stands for: each bucket becomes the sum of all up
  // to it.
  void PrefixSum() {
    ForEachSlab([stride = stride_](int64_t* first, size_t size) {
      for (size_t i = stride; i < size; ++i) {
        first[i] = WrappingSum(first[i], first[i - stride]);
      }
    });
  }

  // Turns each bucket into the sum of the last `buckets` up to it, of fewer at the beginning.
  // `buckets` is at least 1.
  void TrailingSum(size_t buckets) {
    if (buckets == 1) {
      return;
    }
    PrefixSum();
    const size_t distance = buckets * stride_;
    ForEachSlab([distance](int64_t* first, size_t size) {
      for (size_t i = size; i > distance; --i) {
        first[i - 1] = WrappingSum(first[i - 1], WrappingProduct(-1, first[i - 1 - distance]));
      }
    });
  }

  // Makes groups below `count` known, for those that are found only while the grid is filled.
  void KnowGroups(size_t count) {
    if (count > slab_of_group_.size()) {
      slab_of_group_.resize(count, kNoSlab);
    }
  }

  size_t group_count() const { return slab_of_group_.size(); }
  size_t bucket_count() const { return options_.buckets; }

  // Groups that memory was taken for, also those whose counts cancel out.
  size_t touched_group_count() const { return slab_count_; }
  // Whether the group has answers in any bucket.
  bool IsUsed(uint32_t group) const {
    if (slab_of_group_[group] == kNoSlab) {
      return false;
    }
    const auto tallies =
        absl::MakeConstSpan(tallies_).subspan(Offset(slab_of_group_[group], 0), SlabSize());
    return std::any_of(tallies.begin(), tallies.end(), [](int64_t count) { return count != 0; });
  }

  // Something was not added because its group would have been one too many.
  bool is_full() const { return is_full_; }

  // Counts that stood outside of the scale.
  int64_t bins_past_scale() const { return bins_past_scale_; }

  // One tally as integers, so that tallies add up position by position: unscored, then each score,
  // then customers, then excluded by reason (from reason 1). Only for a used group.
  absl::Span<const int64_t> At(uint32_t group, uint32_t bucket) const {
    return absl::MakeConstSpan(tallies_).subspan(Offset(slab_of_group_[group], bucket), stride_);
  }
  size_t stride() const { return stride_; }

  // Names the counts of a tally, or of a sum of tallies, as At lays them out.
  TallyView View(absl::Span<const int64_t> tally) const {
    return {.unscored = tally[kUnscoredBin],
            .histogram = tally.subspan(1, options_.score_count),
            .customers = tally[CustomersSlot()],
            .excluded = tally.subspan(ExcludedSlot(1))};
  }

 private:
  static constexpr uint32_t kNoSlab = UINT32_MAX;

  size_t CustomersSlot() const { return bins_; }
  size_t ExcludedSlot(uint8_t reason) const { return bins_ + reason; }

  // Nothing when the group would be one too many.
  int64_t* Tally(uint32_t group, uint32_t bucket) {
    uint32_t& slab = slab_of_group_[group];
    if (slab == kNoSlab) {
      if (slab_count_ == options_.groups_max) {
        is_full_ = true;
        return nullptr;
      }
      slab = slab_count_++;
      tallies_.resize(slab_count_ * SlabSize());
    }
    return &tallies_[Offset(slab, bucket)];
  }
  bool AddToSlot(uint32_t group, uint32_t bucket, size_t slot, int64_t count) {
    int64_t* tally = Tally(group, bucket);
    if (tally == nullptr) {
      return false;
    }
    tally[slot] = WrappingSum(tally[slot], count);
    return true;
  }
  void AddTo(int64_t* tally, uint8_t disposition, uint8_t bin, int64_t count) {
    if (bin >= bins_) {
      ++bins_past_scale_;
      return;
    }
    if (disposition != kCountedDisposition) {
      tally[ExcludedSlot(disposition)] = WrappingSum(tally[ExcludedSlot(disposition)], count);
    }
    if (disposition == kCountedDisposition || options_.include_excluded) {
      tally[bin] = WrappingSum(tally[bin], count);
    }
  }

  size_t SlabSize() const { return options_.buckets * stride_; }
  size_t Offset(uint32_t slab, uint32_t bucket) const {
    return slab * SlabSize() + bucket * stride_;
  }

  // Calls `visit` with the counts of each group's tallies, as a pointer and their number.
  template <typename Visit>
  void ForEachSlab(Visit visit) {
    const size_t size = SlabSize();
    for (size_t slab = 0; slab < slab_count_; ++slab) {
      visit(&tallies_[slab * size], size);
    }
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

// Fills an empty grid with counts that hold in whole ranges of buckets, at the price of two
// additions for each: the grid holds difference arrays until Finish. Not thread-safe.
class DifferenceArrays {
 public:
  // Buckets from `first` to `last`, both inclusive. Empty when first > last.
  struct Range {
    int64_t first = 0;
    int64_t last = 0;
  };

  // `grid` must outlive this.
  explicit DifferenceArrays(TallyGrid& grid) : grid_(grid) {}

  // Each adds `count` in all buckets of the range, as the grid's own methods do in one. What does
  // not fit makes the grid full.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void AddCounted(uint32_t group, Range range, uint8_t bin,
                                               int64_t count) {
    ForEdges(range, count, [&](uint32_t bucket, int64_t difference) {
      grid_.AddCounted(group, bucket, bin, difference);
    });
  }
  void AddExcluded(uint32_t group, Range range, uint8_t reason, int64_t count) {
    ForEdges(range, count, [&](uint32_t bucket, int64_t difference) {
      grid_.AddExcluded(group, bucket, reason, difference);
    });
  }
  ABSL_ATTRIBUTE_ALWAYS_INLINE void AddChosen(uint32_t group, Range range, uint8_t bin,
                                              int64_t count) {
    ForEdges(range, count, [&](uint32_t bucket, int64_t difference) {
      grid_.AddChosen(group, bucket, bin, difference);
    });
  }

  // Makes plain tallies of the arrays. To be called once, after all that is added.
  void Finish() { grid_.PrefixSum(); }

 private:
  // Inlined: what a call would pass through memory costs scans a quarter of their time.
  template <typename Edge>
  ABSL_ATTRIBUTE_ALWAYS_INLINE void ForEdges(Range range, int64_t count, Edge edge) {
    if (range.first > range.last) {
      return;
    }
    edge(static_cast<uint32_t>(range.first), count);
    if (range.last + 1 < static_cast<int64_t>(grid_.bucket_count())) {
      edge(static_cast<uint32_t>(range.last + 1), -count);
    }
  }

  TallyGrid& grid_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CUBE_TALLY_GRID_H_
