//===- SessionApi.cpp - the C interface: sessions, kernels, compilation *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Target.h"
#include "runtime/capi/Convert.h"
#include "runtime/capi/Handles.h"
#include "runtime/capi/LastError.h"

#include <cstdlib>
#include <mutex>
#include <set>

using namespace muntin;
using namespace muntin::runtime;

const char *mtn_version(void) { return MUNTIN_VERSION; }

//===-- Sessions ----------------------------------------------------------===//

mtn_status mtn_session_create(const mtn_session_options *options, mtn_session **session) {
  return guarded([&]() -> Status {
    if (!session)
      return isNull("session");
    const Result<SessionOptions> converted = toSessionOptions(options);
    if (!converted)
      return converted.status();
    Result<std::shared_ptr<Session>> created = Session::create(*converted);
    if (!created)
      return created.status();
    *session = makeHandle<mtn_session>(std::move(*created));
    return {};
  });
}

void mtn_session_destroy(mtn_session *session) { releaseHandle(session); }

mtn_status mtn_session_cancel(mtn_session *session) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("session", session); !status)
      return status;
    session->session->cancel();
    return {};
  });
}

mtn_status mtn_session_get_stats(mtn_session *session, mtn_session_stats *stats) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("session", session); !status)
      return status;
    const Session::Stats now = session->session->stats();
    return writeStruct("stats", stats,
                       mtn_session_stats{.struct_size = 0,
                                         .compiles = now.compiles,
                                         .failed_compiles = now.failedCompiles,
                                         .hits = now.hits,
                                         .misses = now.misses,
                                         .waits = now.waits,
                                         .kernels = now.kernels,
                                         .disk_hits = now.diskHits,
                                         .disk_misses = now.diskMisses,
                                         .bundle_hits = now.bundleHits});
  });
}

mtn_status mtn_session_get_device(mtn_session *session, mtn_device_info *info) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("session", session); !status)
      return status;
    const DeviceInfo &device = session->session->device().info();
    return writeStruct("info", info,
                       mtn_device_info{.struct_size = 0,
                                       .name = device.name.c_str(),
                                       .description = device.description.c_str(),
                                       .target = device.target.c_str(),
                                       .threads = device.threads});
  });
}

mtn_status mtn_session_get_compiler(mtn_session *session, const char **path) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("session", session); !status)
      return status;
    if (!path)
      return isNull("path");
    const Result<const char *> file = session->session->compilerPath();
    if (!file)
      return file.status();
    *path = *file;
    return {};
  });
}

mtn_status mtn_targets(const mtn_target_info **targets, size_t *count) {
  return guarded([&]() -> Status {
    if (!targets || !count)
      return isNull(targets ? "count" : "targets");
    static const std::vector<mtn_target_info> rows = [] {
      std::vector<mtn_target_info> list;
      for (const Target &target : targetTable())
        list.push_back({target.name, target.implemented, machineSupports(target), &target == hostTarget()});
      return list;
    }();
    *targets = rows.data();
    *count = rows.size();
    return {};
  });
}

//===-- Kernels -----------------------------------------------------------===//

/// Hands a kernel out, or reports why there is none. `out` may be null.
static mtn_status handOut(const mtn_session &session, KernelOutcome outcome, mtn_kernel **out) {
  if (!outcome.status)
    return report(outcome.status, outcome.reproducer);
  if (!out)
    return MTN_OK;
  std::vector<mtn_stage_time> stages;
  for (const StageTime &stage : outcome.kernel->provenance().stages)
    stages.push_back({stage.stage.c_str(), stage.seconds});
  *out = makeHandle<mtn_kernel>(session.session, std::move(outcome.kernel), std::move(stages));
  return MTN_OK;
}

mtn_status mtn_prepare(mtn_session *session, const mtn_problem *problem, uint32_t flags, mtn_kernel **kernel) {
  return guarded([&]() -> mtn_status {
    if (Status status = checkHandle("session", session); !status)
      return report(status);
    if (flags & ~static_cast<uint32_t>(MTN_COMPILE_NEVER | MTN_BACKGROUND))
      return report(Status::invalid(
          fmt::format("flags is {:#x}, expected MTN_COMPILE_NEVER (1) and MTN_BACKGROUND (2) at most", flags)));
    if ((flags & MTN_BACKGROUND) && kernel)
      return report(Status::invalid("kernel is not null, but MTN_BACKGROUND is set: there is no kernel yet"));
    const Result<Request> request = toRequest(problem);
    if (!request)
      return report(request.status());
    if (flags & MTN_BACKGROUND)
      return report(session->session->prepareInBackground(*request, flags & MTN_COMPILE_NEVER));
    return handOut(*session, session->session->prepare(*request, flags & MTN_COMPILE_NEVER), kernel);
  });
}

mtn_status mtn_is_ready(mtn_session *session, const mtn_problem *problem, int32_t *ready) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("session", session); !status)
      return status;
    if (!ready)
      return isNull("ready");
    const Result<Request> request = toRequest(problem);
    if (!request)
      return request.status();
    const Result<bool> found = session->session->isReady(*request);
    if (!found)
      return found.status();
    *ready = *found;
    return {};
  });
}

mtn_status mtn_load_image(mtn_session *session, const void *bytes, size_t size, mtn_kernel **kernel) {
  return guarded([&]() -> mtn_status {
    if (Status status = checkHandle("session", session); !status)
      return report(status);
    if (!bytes)
      return report(isNull("bytes"));
    return handOut(*session, session->session->loadImage({static_cast<const char *>(bytes), size}), kernel);
  });
}

void mtn_kernel_release(mtn_kernel *kernel) { releaseHandle(kernel); }

mtn_status mtn_kernel_get_info(mtn_kernel *kernel, mtn_kernel_info *info) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("kernel", kernel); !status)
      return status;
    const Kernel &loaded = *kernel->kernel;
    return writeStruct("info", info,
                       mtn_kernel_info{.struct_size = 0,
                                       .key = loaded.key().c_str(),
                                       .target = loaded.target().c_str(),
                                       .plan = loaded.plan().c_str(),
                                       .origin = static_cast<mtn_origin>(loaded.provenance().origin),
                                       .compile_seconds = loaded.provenance().seconds,
                                       .stages = kernel->stages.data(),
                                       .num_stages = kernel->stages.size(),
                                       .num_variants = loaded.variants().size()});
  });
}

//===-- Compilation as such -----------------------------------------------===//

void mtn_blob_free(mtn_blob *blob) {
  if (!blob)
    return;
  std::free(blob->data);
  *blob = {nullptr, 0};
}

/// Stage names outlive every output: the set of them is small and fixed.
static const char *keepForever(const std::string &name) {
  static std::mutex mutex;
  static std::set<std::string> names;
  const std::lock_guard lock(mutex);
  return names.insert(name).first->c_str();
}

mtn_status mtn_compile(mtn_session *session, const mtn_problem *problem, mtn_emit emit, const mtn_shape *shape,
                       mtn_compile_result *result) {
  return guarded([&]() -> mtn_status {
    if (Status status = checkHandle("session", session); !status)
      return report(status);
    if (emit < MTN_EMIT_IMAGE || emit > MTN_EMIT_PLAN)
      return report(Status::invalid(fmt::format("emit is {}, expected 0 to 6", static_cast<int>(emit))));
    mtn_compile_result made = {};
    if (Status status = writeStruct("result", result, made); !status)
      return report(status);
    const Result<Request> request = toRequest(problem);
    if (!request)
      return report(request.status());
    std::optional<Shape> extents;
    if (shape) {
      const Result<Problem> checked = makeProblem(*request);
      if (!checked)
        return report(checked.status());
      const Result<Shape> converted = toShape(shape, checked->rank);
      if (!converted)
        return report(converted.status());
      extents = *converted;
    }
    const CompileOutput output = session->session->compile(*request, static_cast<mtnc_emit>(emit), extents);
    if (!output.status)
      return report(output.status, output.reproducer);
    for (const CompileOutput::Stage &stage : output.stages)
      if (made.num_stages < std::size(made.stages))
        made.stages[made.num_stages++] = {keepForever(stage.name), stage.seconds};
    const Result<mtn_blob> blob = toBlob(output.bytes);
    if (!blob)
      return report(blob.status());
    made.output = *blob;
    return report(writeStruct("result", result, made));
  });
}

mtn_status mtn_session_get_assembler(mtn_session *session, mtn_blob *assembler) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("session", session); !status)
      return status;
    if (!assembler)
      return isNull("assembler");
    const Result<std::string> found = session->session->assembler();
    if (!found)
      return found.status();
    const Result<mtn_blob> blob = toBlob(*found);
    if (!blob)
      return blob.status();
    *assembler = *blob;
    return {};
  });
}

mtn_status mtn_problem_key(const mtn_problem *problem, mtn_blob *key) {
  return guarded([&]() -> Status {
    if (!key)
      return isNull("key");
    const Result<Request> request = toRequest(problem);
    if (!request)
      return request.status();
    const Result<Problem> checked = makeProblem(*request);
    if (!checked)
      return checked.status();
    const Result<mtn_blob> blob = toBlob(problemKey(*checked));
    if (!blob)
      return blob.status();
    *key = *blob;
    return {};
  });
}
