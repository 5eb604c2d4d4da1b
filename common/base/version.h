// The version of this build.
#ifndef EMPTYCHAIR_COMMON_BASE_VERSION_H_
#define EMPTYCHAIR_COMMON_BASE_VERSION_H_

namespace emptychair {

// As in CMakeLists.txt, for example "0.1.0".
inline constexpr char kVersion[] = EMPTYCHAIR_VERSION;

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_BASE_VERSION_H_
