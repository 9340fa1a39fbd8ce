//===- Threads.cpp - what is made by a thread of its own -----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled with exceptions, unlike its neighbours: in a thread nobody above
// would catch one, and a thread that cannot be had is told by one.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Emit.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include <cerrno>
#include <exception>
#include <memory>
#include <unistd.h>

using namespace muntin;

static Result<std::string> makeObject(OwnedModule &code, const Target &target) {
  try {
    Result<std::unique_ptr<llvm::TargetMachine>> machine = makeTargetMachine(target);
    return machine ? generateCode(*code.module, **machine, /*assembly=*/false) : machine.status();
  } catch (const std::exception &) { // of LLVM's code only memory is told this way, by a text that needs none
    return Status(StatusCode::OutOfMemory, "codegen: memory");
  }
}

std::future<Result<std::string>> muntin::startObject(OwnedModule code, const Target &target, bool own) {
  auto shared = std::make_shared<OwnedModule>(std::move(code));
  auto make = [shared, &target] { return makeObject(*shared, target); };
  if (own) {
    try {
      return std::async(std::launch::async, make);
    } catch (const std::exception &) { // no thread can be had, or no memory
    }
  }
  return std::async(std::launch::deferred, make);
}

static Result<std::string> readAll(int fd) {
  std::string bytes;
  bool lost = false; // the pipe is emptied all the same, or who fills it would wait
  char chunk[65536];
  while (true) {
    ssize_t n = ::read(fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR)
      continue;
    if (n == 0)
      break;
    if (n < 0)
      return Status(StatusCode::CompileFailed, "link: no output");
    try {
      if (!lost)
        bytes.append(chunk, size_t(n));
    } catch (const std::exception &) {
      lost = true;
    }
  }
  if (lost)
    return Status(StatusCode::OutOfMemory, "link: no memory");
  return bytes;
}

std::future<Result<std::string>> muntin::startReading(int fd) {
  try {
    return std::async(std::launch::async, readAll, fd);
  } catch (const std::exception &) { // no thread can be had, or no memory
    return {};
  }
}
