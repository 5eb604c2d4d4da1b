// Where a helper of tests was called.
#ifndef EMPTYCHAIR_TESTS_HELPERS_SOURCE_LOCATION_H_
#define EMPTYCHAIR_TESTS_HELPERS_SOURCE_LOCATION_H_

namespace emptychair::testing {

// As std::source_location, which clang 14 lacks, as far as tests need it.
class SourceLocation {
 public:
  static constexpr SourceLocation current(const char* file = __builtin_FILE(),
                                          int line = __builtin_LINE()) {
    return SourceLocation(file, line);
  }

  constexpr const char* file_name() const { return file_; }
  constexpr int line() const { return line_; }

 private:
  constexpr SourceLocation(const char* file, int line) : file_(file), line_(line) {}

  const char* file_;
  int line_;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_HELPERS_SOURCE_LOCATION_H_
