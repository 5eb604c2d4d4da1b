// Walks the stored rows of the cube.
#ifndef EMPTYCHAIR_STORAGE_CUBE_CUBE_ROW_ITERATOR_H_
#define EMPTYCHAIR_STORAGE_CUBE_CUBE_ROW_ITERATOR_H_

#include <cstdint>
#include <memory>
#include <string>

#include "storage/engine/engine.h"
#include "storage/format/keys.h"
#include "storage/read/view.h"

namespace emptychair::storage {

// An iterator over all rows of a survey and unit. `read_once`: what is read is not kept in the
// block cache, where queries would miss what it drives out. Not thread-safe.
class CubeRowIterator {
 public:
  CubeRowIterator(const Engine& engine, const View& view, uint32_t survey_number, CubeUnit unit,
                  bool read_once = false);
  CubeRowIterator(const CubeRowIterator&) = delete;
  CubeRowIterator& operator=(const CubeRowIterator&) = delete;

  rocksdb::Iterator* operator->() { return it_.get(); }
  rocksdb::Iterator& operator*() { return *it_; }

 private:
  const std::string lower_;
  const std::string upper_;
  const rocksdb::Slice lower_slice_;
  const rocksdb::Slice upper_slice_;
  std::unique_ptr<rocksdb::Iterator> it_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CUBE_CUBE_ROW_ITERATOR_H_
