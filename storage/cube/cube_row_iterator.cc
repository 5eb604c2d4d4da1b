#include "storage/cube/cube_row_iterator.h"

namespace emptychair::storage {

CubeRowIterator::CubeRowIterator(const Engine& engine, const View& view, uint32_t survey_number,
                                 CubeUnit unit, bool read_once)
    : lower_(CubeRowKey{survey_number, unit, INT32_MIN, 0}.Encode()),
      upper_(CubeRowKey{survey_number, unit, INT32_MAX, UINT16_MAX}.Encode()),
      lower_slice_(ToSlice(lower_)),
      upper_slice_(ToSlice(upper_)) {
  rocksdb::ReadOptions options;
  options.snapshot = view.snapshot->get();
  options.fill_cache = !read_once;
  options.iterate_lower_bound = &lower_slice_;
  options.iterate_upper_bound = &upper_slice_;
  it_.reset(engine.db()->NewIterator(options, engine.handle(Family::kCubeRow)));
}

}  // namespace emptychair::storage
