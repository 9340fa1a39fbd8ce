//===- RunApi.cpp - the C interface: runs ------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/capi/Convert.h"
#include "runtime/capi/Handles.h"
#include "runtime/capi/LastError.h"
#include "runtime/launch/Check.h"

using namespace muntin;
using namespace muntin::runtime;

mtn_status mtn_forward(mtn_session *session, const mtn_problem *problem, const mtn_arguments *arguments) {
  return guarded([&]() -> mtn_status {
    if (Status status = checkHandle("session", session); !status)
      return report(status);
    const Result<Request> request = toRequest(problem);
    if (!request)
      return report(request.status());
    Result<RunRequest> run = toRunRequest(arguments);
    if (!run)
      return report(run.status());
    const KernelOutcome outcome = session->session->forward(*request, *run);
    return report(outcome.status, outcome.reproducer);
  });
}

static Result<Call> makeCall(const Kernel &kernel, RunRequest &run, std::pmr::memory_resource *memory) {
  const Result<Shape> shape = checkLayouts(kernel.problem(), run.tensors);
  if (!shape)
    return shape.status();
  return Call::create(kernel, run.tensors, *shape, scaleOf(kernel.problem(), run), run.threads, memory);
}

mtn_status mtn_kernel_run(mtn_kernel *kernel, const mtn_arguments *arguments) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("kernel", kernel); !status)
      return status;
    Result<RunRequest> run = toRunRequest(arguments);
    if (!run)
      return run.status();
    CallRoom room;
    const Result<Call> call = makeCall(*kernel->kernel, *run, room.memory());
    if (!call)
      return call.status();
    if (Status status = runCall(*call, *run); !status)
      return status;
    return run->stream ? kernel->kernel->device().retain(run->stream, kernel->kernel) : Status();
  });
}

mtn_status mtn_call_create(mtn_kernel *kernel, const mtn_arguments *arguments, mtn_call **call) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("kernel", kernel); !status)
      return status;
    if (!call)
      return isNull("call");
    Result<RunRequest> run = toRunRequest(arguments);
    if (!run)
      return run.status();
    Result<Call> made = makeCall(*kernel->kernel, *run, std::pmr::get_default_resource());
    if (!made)
      return made.status();
    *call = makeHandle<mtn_call>(kernel->session, kernel->kernel, std::move(*made));
    return {};
  });
}

mtn_status mtn_call_workspace(const mtn_call *call, size_t *bytes) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("call", call); !status)
      return status;
    if (!bytes)
      return isNull("bytes");
    *bytes = static_cast<size_t>(call->call.workspaceBytes());
    return {};
  });
}

void mtn_call_release(mtn_call *call) { releaseHandle(call); }

/// A tensor that the call was made without must have no pointer.
static Status takePointers(const TensorSet &layouts, const mtn_pointers &fields, Pointers &pointers) {
  const void *const data[kNumTensors] = {fields.q,   fields.k,        fields.v,          fields.out,
                                         fields.lse, fields.segments, fields.kv_segments};
  for (int i = 0; i < kNumTensors; ++i) {
    const auto which = static_cast<Tensor>(i);
    if (!layouts[i] && data[i])
      return Status::invalid(fmt::format("{} is given, but the call was created without it", tensorName(which)));
    pointers[i] = const_cast<void *>(data[i]);
  }
  if (layouts[static_cast<size_t>(Tensor::KvSegments)] && !fields.kv_segments) // segments stand for both
    pointers[static_cast<size_t>(Tensor::KvSegments)] = pointers[static_cast<size_t>(Tensor::Segments)];
  return {};
}

mtn_status mtn_call_run(const mtn_call *call, const mtn_pointers *pointers) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("call", call); !status)
      return status;
    const Result<mtn_pointers> fields = readStruct("pointers", pointers);
    if (!fields)
      return fields.status();
    Pointers data;
    if (Status status = takePointers(call->call.layouts(), *fields, data); !status)
      return status;
    const Workspace workspace{fields->workspace, static_cast<size_t>(call->call.workspaceBytes())};
    if (Status status = call->call.run(data, workspace, fields->stream); !status)
      return status;
    return fields->stream ? call->kernel->device().retain(fields->stream, call->kernel) : Status();
  });
}

//===-- What a shape costs ------------------------------------------------===//

/// The shape, checked against the kernel's problem.
static Result<Shape> checkedShape(const Kernel &kernel, const mtn_shape *shape) {
  Result<Shape> converted = toShape(shape, kernel.problem().rank);
  if (!converted)
    return converted;
  if (Status status = checkShape(kernel.problem(), *converted); !status)
    return status;
  return converted;
}

mtn_status mtn_kernel_variant(mtn_kernel *kernel, const mtn_shape *shape, const char **name) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("kernel", kernel); !status)
      return status;
    if (!name)
      return isNull("name");
    const Result<Shape> extents = checkedShape(*kernel->kernel, shape);
    if (!extents)
      return extents.status();
    if (extentOf(*extents) != Extent::Some) {
      *name = "none";
      return {};
    }
    const Result<size_t> index = kernel->kernel->choose(*extents);
    if (!index)
      return index.status();
    *name = kernel->kernel->variants()[*index].name.c_str();
    return {};
  });
}

mtn_status mtn_kernel_workspace(mtn_kernel *kernel, const mtn_shape *shape, size_t *bytes) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("kernel", kernel); !status)
      return status;
    if (!bytes)
      return isNull("bytes");
    const Result<Shape> extents = checkedShape(*kernel->kernel, shape);
    if (!extents)
      return extents.status();
    if (extentOf(*extents) != Extent::Some) {
      *bytes = 0;
      return {};
    }
    const Result<size_t> index = kernel->kernel->choose(*extents);
    if (!index)
      return index.status();
    const Result<int64_t> wanted = workspaceBytes(kernel->kernel->variants()[*index], *extents);
    if (!wanted)
      return wanted.status();
    *bytes = static_cast<size_t>(*wanted);
    return {};
  });
}

mtn_status mtn_kernel_processed_pairs(mtn_kernel *kernel, const mtn_shape *shape, const mtn_tensor *segments,
                                      const mtn_tensor *kv_segments, uint64_t *pairs) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("kernel", kernel); !status)
      return status;
    if (!pairs)
      return isNull("pairs");
    const Result<Shape> extents = checkedShape(*kernel->kernel, shape);
    if (!extents)
      return extents.status();
    const Result<TensorSet> tensors = toSegments(segments, kv_segments);
    if (!tensors)
      return tensors.status();
    const Result<uint64_t> counted = countPairs(*kernel->kernel, *extents, *tensors);
    if (!counted)
      return counted.status();
    *pairs = *counted;
    return {};
  });
}
