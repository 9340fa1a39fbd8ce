//===- mask-ir-main.cpp - prints what a mask emits -------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

int maskIRMain(int argc, char **argv);

int main(int argc, char **argv) { return maskIRMain(argc, argv); }
