// Services whose messages come and go as bytes: see raw_message.h.
#ifndef EMPTYCHAIR_SERVER_RPC_RAW_METHODS_H_
#define EMPTYCHAIR_SERVER_RPC_RAW_METHODS_H_

namespace emptychair {

// The base class of a service's implementation: `Service` with each of `Methods`, which are the
// generated WithRawCallbackMethod_<Method>. All methods must be there: one that is missing is
// answered with UNIMPLEMENTED, and overriding it does not compile.
template <typename Service, template <typename> typename... Methods>
struct RawMethods;
template <typename Service, template <typename> typename First,
          template <typename> typename... Rest>
struct RawMethods<Service, First, Rest...> {
  using Type = First<typename RawMethods<Service, Rest...>::Type>;
};
template <typename Service>
struct RawMethods<Service> {
  using Type = Service;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_RAW_METHODS_H_
