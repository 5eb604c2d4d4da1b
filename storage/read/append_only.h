// Single-writer, multi-reader append-only array; readers may use indexes below a published size.
#ifndef EMPTYCHAIR_STORAGE_READ_APPEND_ONLY_H_
#define EMPTYCHAIR_STORAGE_READ_APPEND_ONLY_H_

#include <array>
#include <bit>
#include <cstddef>
#include <memory>

namespace emptychair::storage {

// Elements never move. One thread at a time may append. Any thread may read the elements below a
// size that it got, directly or not, through synchronisation from the appending thread (a mutex,
// here that of the published view): such elements are never written again.
template <typename T>
class AppendOnly {
 public:
  // For the appending thread.
  size_t size() const { return size_; }

  void Append(T value) {
    const Place place = PlaceOf(size_);
    if (segments_[place.segment] == nullptr) {
      segments_[place.segment] = std::make_unique<T[]>(kFirstSegment << place.segment);
    }
    segments_[place.segment][place.offset] = std::move(value);
    ++size_;
  }

  // `index` must be below a size as described above.
  const T& operator[](size_t index) const {
    const Place place = PlaceOf(index);
    return segments_[place.segment][place.offset];
  }

 private:
  // Segments of 64, 128, 256 ... elements.
  static constexpr size_t kFirstSegment = 64;
  static constexpr size_t kSegments = 26;

  struct Place {
    size_t segment;
    size_t offset;
  };

  static Place PlaceOf(size_t index) {
    const size_t shifted = index + kFirstSegment;
    const size_t segment = std::bit_width(shifted) - std::bit_width(kFirstSegment);
    return {segment, shifted - (kFirstSegment << segment)};
  }

  std::array<std::unique_ptr<T[]>, kSegments> segments_;
  size_t size_ = 0;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_APPEND_ONLY_H_
