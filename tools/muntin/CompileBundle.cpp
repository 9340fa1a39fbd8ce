//===- CompileBundle.cpp - muntin compile, ahead of time -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/bundle/Bundle.h"
#include "tools/muntin/Command.h"
#include "tools/muntin/Embed.h"
#include "tools/muntin/File.h"
#include "tools/muntin/Report.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <thread>

#include <unistd.h>

using namespace muntin;

namespace {
/// A request, and its image once it is compiled.
struct Job {
  std::string key;
  const Request *request;
  Result<std::string> image = std::string();
};
} // namespace

/// One job for each key: problems may be the same in other words.
static std::vector<Job> jobsFor(const std::vector<Request> &requests) {
  std::map<std::string, const Request *> byKey;
  for (const Request &request : requests)
    byKey.try_emplace(problemKey(request.problem), &request);
  std::vector<Job> jobs;
  for (const auto &[key, request] : byKey)
    jobs.push_back({key, request});
  return jobs;
}

static void compileAll(const Session &session, std::vector<Job> &jobs) {
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < jobs.size(); i = next++) {
      try {
        Result<Compiled> compiled = compileTo(session, *jobs[i].request, MTN_EMIT_IMAGE);
        jobs[i].image = compiled ? Result(std::move(compiled->output)) : compiled.status();
      } catch (const std::bad_alloc &) {
        jobs[i].image = Status(StatusCode::OutOfMemory, "memory is exhausted");
      }
    }
  };
  std::vector<std::jthread> threads;
  const size_t wanted = std::min<size_t>(std::max(1u, std::thread::hardware_concurrency()), jobs.size());
  while (threads.size() + 1 < wanted)
    threads.emplace_back(work);
  work();
}

static Result<std::vector<std::string>> imagesOf(const Session &session, std::vector<Job> &jobs) {
  Progress progress(fmt::format("compiling {} kernels", jobs.size()));
  compileAll(session, jobs);
  std::vector<std::string> images;
  for (Job &job : jobs) {
    if (!job.image)
      return Status(job.image.status().code(), fmt::format("'{}': {}", job.key, job.image.status().message()));
    images.push_back(std::move(*job.image));
  }
  return images;
}

/// NAME.c and NAME.h beside the bundle.
static Result<std::vector<std::string>> writeEmbedded(const Options &options, const std::string &bytes) {
  std::vector<std::string> paths;
  if (!options.embed)
    return paths;
  const std::string stem = (std::filesystem::path(*options.output).parent_path() / *options.embed).string();
  const std::pair<const char *, std::string> files[] = {{".h", embeddedHeader(*options.embed)},
                                                        {".c", embeddedSource(*options.embed, bytes)}};
  for (const auto &[suffix, text] : files) {
    paths.push_back(stem + suffix);
    if (Status status = writeWholeFile(paths.back(), text); !status)
      return Status(status.code(), "--embed " + status.message());
  }
  return paths;
}

static void printBundle(const Options &options, const std::vector<Job> &jobs, size_t bytes, double seconds,
                        const std::vector<std::string> &embedded) {
  if (options.json) {
    Json keys = Json::array();
    for (const Job &job : jobs)
      keys.push_back(job.key);
    emitJson({{"bundle", *options.output},
              {"bytes", bytes},
              {"kernels", keys},
              {"embedded", embedded},
              {"compile_seconds", seconds}});
    return;
  }
  Facts facts;
  facts.add("bundle", *options.output);
  facts.add("kernels", formatCount(jobs.size()));
  facts.add("size", formatBytes(static_cast<double>(bytes)));
  facts.add("compile", formatSeconds(seconds));
  for (const std::string &path : embedded)
    facts.add("embedded", path);
  emit(facts.print());
}

static Status checkOutput(const Options &options) {
  if (options.embed) {
    if (Status status = checkIdentifier(*options.embed); !status)
      return status;
    if (!options.output || *options.output == "-")
      return Status::invalid("-o is missing; --embed writes its files beside the bundle");
  }
  if (!options.output)
    return Status::invalid("-o is missing; a bundle is a file, as in -o kernels.mtn");
  if (*options.output == "-" && ::isatty(STDOUT_FILENO))
    return Status::invalid("-o is -; a bundle is binary and standard output a terminal");
  return {};
}

Status muntin::compileBundle(const Options &options, const std::vector<Request> &requests) {
  if (Status status = checkOutput(options); !status)
    return status;
  Result<OutputFile> file = OutputFile::create(*options.output);
  if (!file)
    return {file.status().code(), "-o " + file.status().message()};
  Result<Session> session = openSession(options, 0, MTN_CACHE_OFF);
  if (!session)
    return session.status();
  const auto start = std::chrono::steady_clock::now();
  std::vector<Job> jobs = jobsFor(requests);
  Result<std::vector<std::string>> images = imagesOf(*session, jobs);
  if (!images)
    return images.status();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const Result<std::string> bytes = runtime::writeBundle(std::move(*images));
  if (!bytes)
    return bytes.status();
  if (Status status = file->write(*bytes); !status)
    return status;
  if (Status status = file->commit(); !status)
    return status;
  const Result<std::vector<std::string>> embedded = writeEmbedded(options, *bytes);
  if (!embedded)
    return embedded.status();
  if (*options.output != "-")
    printBundle(options, jobs, bytes->size(), took.count(), *embedded);
  return {};
}
