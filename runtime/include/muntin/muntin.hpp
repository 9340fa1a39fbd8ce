//===- muntin.hpp - the C++ interface of the runtime -----------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// muntin.h with handles that release themselves. Nothing is thrown: a call that
// can fail returns an Outcome, or an Expected<T> that holds a value or the
// Outcome that says why there is none. Who likes exceptions defines
// MUNTIN_EXCEPTIONS and asks for session.value().
//
//   auto session = muntin::Session::create();
//   muntin::Attention problem{.rank = 2, .headDim = 64, .mask = "neighborhood(window=7x7)"};
//   muntin::Arguments run{.q = muntin::tensor(q, {1, 56, 56, 4, 64}), ...};
//   if (auto done = session->forward(problem, run); !done)
//     std::cerr << done.message() << '\n';
//
// Thread safety and lifetimes are those of muntin.h.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_MUNTIN_HPP
#define MUNTIN_MUNTIN_HPP

#include "muntin/muntin.h"
#include "muntin/outcome.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace muntin {

/// What a kernel is compiled for; empty strings leave the choice to the library.
struct Attention {
  mtn_dtype dtype = MTN_F32;
  int rank = 1;
  int64_t headDim = 64;
  int64_t valueDim = 0; ///< 0: headDim
  std::string mask = "full()";
  std::string templateName = {};
  std::string target = {};
  std::string plan = {};
  mtn_operation operation = MTN_FORWARD;
  int64_t alignment = 0;   ///< see mtn_problem
  int64_t sharedBytes = 0; ///< the same

  /// Valid as long as this object.
  mtn_problem view() const {
    mtn_problem problem;
    mtn_problem_init(&problem);
    problem.operation = operation;
    problem.dtype = dtype;
    problem.rank = rank;
    problem.head_dim = headDim;
    problem.value_dim = valueDim;
    problem.mask = mask.c_str();
    problem.template_name = templateName.empty() ? nullptr : templateName.c_str();
    problem.target = target.empty() ? nullptr : target.c_str();
    problem.plan = plan.empty() ? nullptr : plan.c_str();
    problem.alignment = alignment;
    problem.shared_bytes = sharedBytes;
    return problem;
  }
};

/// Run-time extents. An empty kvGrid is the grid; kvHeads 0 is heads.
struct Extents {
  int64_t batch = 1;
  int64_t heads = 1;
  int64_t kvHeads = 0;
  std::vector<int64_t> grid = {};
  std::vector<int64_t> kvGrid = {};

  mtn_shape view() const {
    mtn_shape shape;
    mtn_shape_init(&shape);
    shape.batch = batch;
    shape.heads = heads;
    shape.kv_heads = kvHeads ? kvHeads : heads;
    const std::vector<int64_t> &keys = kvGrid.empty() ? grid : kvGrid;
    for (size_t axis = 0; axis < grid.size() && axis < MTN_MAX_RANK; ++axis)
      shape.grid[axis] = grid[axis];
    for (size_t axis = 0; axis < keys.size() && axis < MTN_MAX_RANK; ++axis)
      shape.kv_grid[axis] = keys[axis];
    return shape;
  }
};

/// A view of memory without gaps, last axis fastest.
inline mtn_tensor tensor(void *data, mtn_dtype dtype, std::span<const int64_t> extents) {
  return mtn_tensor_contiguous(data, dtype, static_cast<int32_t>(extents.size()), extents.data());
}
inline mtn_tensor tensor(void *data, mtn_dtype dtype, std::initializer_list<int64_t> extents) {
  return tensor(data, dtype, std::span<const int64_t>(extents.begin(), extents.size()));
}
/// The same for float and int32_t; half types have no C++ type, so they need a dtype. Inputs are not written to.
template <typename T> mtn_tensor tensor(T *data, std::initializer_list<int64_t> extents) {
  using Element = std::remove_const_t<T>;
  static_assert(std::is_same_v<Element, float> || std::is_same_v<Element, int32_t>, "pass an mtn_dtype");
  return tensor(const_cast<Element *>(data), std::is_same_v<Element, float> ? MTN_F32 : MTN_I32, extents);
}

/// What a run works on. Without a workspace the session allocates one for the run.
struct Arguments {
  mtn_tensor q, k, v, out;
  std::optional<mtn_tensor> lse = {}, segments = {}, kvSegments = {};
  std::optional<double> scale = {};
  std::span<std::byte> workspace = {};
  int threads = 0;
  mtn_stream stream = nullptr; ///< null: the run is done when the call returns

  /// Valid as long as this object.
  mtn_arguments view() const {
    mtn_arguments arguments;
    mtn_arguments_init(&arguments);
    arguments.q = &q;
    arguments.k = &k;
    arguments.v = &v;
    arguments.out = &out;
    arguments.lse = lse ? &*lse : nullptr;
    arguments.segments = segments ? &*segments : nullptr;
    arguments.kv_segments = kvSegments ? &*kvSegments : nullptr;
    arguments.scale = scale ? &*scale : nullptr;
    arguments.workspace = workspace.data();
    arguments.workspace_size = workspace.size();
    arguments.threads = threads;
    arguments.stream = stream;
    arguments.flags = workspace.empty() ? static_cast<uint32_t>(MTN_ALLOCATE_WORKSPACE) : 0u;
    return arguments;
  }
};

/// Owns a C handle; moves, does not copy.
template <typename T, void (*Release)(T *)> class Handle {
public:
  Handle() = default;
  explicit Handle(T *handle) : handle_(handle) {}
  Handle(Handle &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Handle &operator=(Handle &&other) noexcept {
    if (this != &other)
      Release(std::exchange(handle_, std::exchange(other.handle_, nullptr)));
    return *this;
  }
  ~Handle() { Release(handle_); }

  T *get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }

protected:
  T *handle_ = nullptr;
};

/// A call whose extents, strides and scale are fixed.
class Call : public Handle<mtn_call, mtn_call_release> {
public:
  using Handle::Handle;
  Expected<size_t> workspace() const {
    size_t bytes = 0;
    if (Outcome done(mtn_call_workspace(handle_, &bytes)); !done)
      return done;
    return bytes;
  }
  Outcome run(const mtn_pointers &pointers) const { return Outcome(mtn_call_run(handle_, &pointers)); }
};

/// A compiled and loaded kernel.
class Kernel : public Handle<mtn_kernel, mtn_kernel_release> {
public:
  using Handle::Handle;
  Outcome run(const Arguments &arguments) const {
    const mtn_arguments view = arguments.view();
    return Outcome(mtn_kernel_run(handle_, &view));
  }
  Expected<Call> call(const Arguments &arguments) const {
    const mtn_arguments view = arguments.view();
    mtn_call *call = nullptr;
    if (Outcome done(mtn_call_create(handle_, &view, &call)); !done)
      return done;
    return Call(call);
  }
  Expected<mtn_kernel_info> info() const {
    mtn_kernel_info info = {};
    info.struct_size = sizeof info;
    if (Outcome done(mtn_kernel_get_info(handle_, &info)); !done)
      return done;
    return info;
  }
  Expected<size_t> workspace(const Extents &extents) const {
    const mtn_shape shape = extents.view();
    size_t bytes = 0;
    if (Outcome done(mtn_kernel_workspace(handle_, &shape, &bytes)); !done)
      return done;
    return bytes;
  }
  /// The variant that is launched for `extents`.
  Expected<std::string> variant(const Extents &extents) const {
    const mtn_shape shape = extents.view();
    const char *name = nullptr;
    if (Outcome done(mtn_kernel_variant(handle_, &shape, &name)); !done)
      return done;
    return std::string(name);
  }
  /// Query-key pairs computed, over batch and heads; the segments only for document().
  Expected<uint64_t> processedPairs(const Extents &extents, const mtn_tensor *segments = nullptr,
                                    const mtn_tensor *kvSegments = nullptr) const {
    const mtn_shape shape = extents.view();
    uint64_t pairs = 0;
    if (Outcome done(mtn_kernel_processed_pairs(handle_, &shape, segments, kvSegments, &pairs)); !done)
      return done;
    return pairs;
  }
};

/// A queue of work. Owned by a Session, which must outlive it.
class Stream {
public:
  Stream() = default;
  Stream(mtn_session *session, mtn_stream stream) : session_(session), stream_(stream) {}
  Stream(Stream &&other) noexcept : session_(other.session_), stream_(std::exchange(other.stream_, nullptr)) {}
  Stream &operator=(Stream &&other) noexcept {
    std::swap(session_, other.session_);
    std::swap(stream_, other.stream_);
    return *this;
  }
  /// Waits for its work. What fails in it and was not asked for is lost: synchronize() first.
  ~Stream() {
    if (stream_)
      (void)mtn_stream_destroy(session_, stream_);
  }

  mtn_stream get() const { return stream_; }
  Outcome synchronize() const { return Outcome(mtn_stream_synchronize(session_, stream_)); }

private:
  mtn_session *session_ = nullptr;
  mtn_stream stream_ = nullptr;
};

/// A point in a stream; before it is first recorded it counts as reached.
class StreamEvent : public Handle<mtn_event, mtn_event_destroy> {
public:
  using Handle::Handle;
  Outcome record(const Stream &stream) const { return Outcome(mtn_event_record(handle_, stream.get())); }
  Outcome wait() const { return Outcome(mtn_event_synchronize(handle_)); }
  Expected<bool> reached() const {
    int32_t reached = 0;
    if (Outcome done(mtn_event_query(handle_, &reached)); !done)
      return done;
    return reached != 0;
  }
  /// What `stream` is given from now on waits for this.
  Outcome holdBack(const Stream &stream) const { return Outcome(mtn_stream_wait(stream.get(), handle_)); }
};

class Session : public Handle<mtn_session, mtn_session_destroy> {
public:
  using Handle::Handle;
  static Expected<Session> create(const mtn_session_options *options = nullptr) {
    mtn_session *session = nullptr;
    if (Outcome done(mtn_session_create(options, &session)); !done)
      return done;
    return Session(session);
  }

  /// Compiles and loads now, if need be. `flags` are of mtn_prepare_flags.
  Expected<Kernel> prepare(const Attention &problem, uint32_t flags = 0) const {
    const mtn_problem view = problem.view();
    mtn_kernel *kernel = nullptr;
    if (Outcome done(mtn_prepare(handle_, &view, flags, &kernel)); !done)
      return done;
    return Kernel(kernel);
  }
  /// Has a thread of the session do that.
  Outcome prepareInBackground(const Attention &problem, uint32_t flags = 0) const {
    const mtn_problem view = problem.view();
    return Outcome(mtn_prepare(handle_, &view, flags | MTN_BACKGROUND, nullptr));
  }
  /// True if the kernel is in memory.
  Expected<bool> isReady(const Attention &problem) const {
    const mtn_problem view = problem.view();
    int32_t ready = 0;
    if (Outcome done(mtn_is_ready(handle_, &view, &ready)); !done)
      return done;
    return ready != 0;
  }
  /// All who wait for a kernel return now.
  Outcome cancel() const { return Outcome(mtn_session_cancel(handle_)); }
  Expected<Stream> stream() const {
    mtn_stream stream = nullptr;
    if (Outcome done(mtn_stream_create(handle_, &stream)); !done)
      return done;
    return Stream(handle_, stream);
  }
  Expected<StreamEvent> event() const {
    mtn_event *event = nullptr;
    if (Outcome done(mtn_event_create(handle_, &event)); !done)
      return done;
    return StreamEvent(event);
  }
  /// A view of a tensor of another library: `source` is a DLTensor of DLPack's header.
  template <typename DLTensor> Expected<mtn_tensor> view(const DLTensor &source) const {
    static_assert(sizeof source == 48 && sizeof source.byte_offset == 8, "pass a DLTensor");
    mtn_tensor tensor;
    if (Outcome done(mtn_tensor_from_dlpack(handle_, &source, &tensor)); !done)
      return done;
    return tensor;
  }
  /// Kernels that were compiled ahead of time: a file, or bytes that stay as they are as long as the session lives.
  Outcome addBundle(const std::string &path) const {
    return Outcome(mtn_session_add_bundle_file(handle_, path.c_str()));
  }
  Outcome addBundle(std::span<const std::byte> bytes) const {
    return Outcome(mtn_session_add_bundle(handle_, bytes.data(), bytes.size()));
  }
  Outcome forward(const Attention &problem, const Arguments &arguments) const {
    const mtn_problem problemView = problem.view();
    const mtn_arguments view = arguments.view();
    return Outcome(mtn_forward(handle_, &problemView, &view));
  }
  Expected<mtn_session_stats> stats() const {
    mtn_session_stats stats = {};
    stats.struct_size = sizeof stats;
    if (Outcome done(mtn_session_get_stats(handle_, &stats)); !done)
      return done;
    return stats;
  }
  Expected<mtn_device_info> device() const {
    mtn_device_info info = {};
    info.struct_size = sizeof info;
    if (Outcome done(mtn_session_get_device(handle_, &info)); !done)
      return done;
    return info;
  }
};

} // namespace muntin

#endif // MUNTIN_MUNTIN_HPP
