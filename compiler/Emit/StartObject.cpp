//===- StartObject.cpp - an object made by a thread of its own ------------===//
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

#include <exception>
#include <memory>
#include <system_error>

using namespace muntin;

static Result<std::string> makeObject(OwnedModule &code, const Target &target) {
  try {
    Result<std::unique_ptr<llvm::TargetMachine>> machine = makeTargetMachine(target);
    return machine ? generateCode(*code.module, **machine, /*assembly=*/false) : machine.status();
  } catch (const std::exception &) { // of LLVM's code only memory is told this way
    return Status(StatusCode::OutOfMemory, "codegen: out of memory");
  }
}

std::future<Result<std::string>> muntin::startObject(OwnedModule code, const Target &target, bool own) {
  auto shared = std::make_shared<OwnedModule>(std::move(code));
  auto make = [shared, &target] { return makeObject(*shared, target); };
  if (own) {
    try {
      return std::async(std::launch::async, make);
    } catch (const std::system_error &) { // no thread can be had
    }
  }
  return std::async(std::launch::deferred, make);
}
