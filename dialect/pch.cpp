//===- pch.cpp - carries the precompiled header ---------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Carries the precompiled header; see CMakeLists.txt.
