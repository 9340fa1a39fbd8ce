//===- main.cpp - muntin-opt -----------------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

int muntinOptMain(int argc, char **argv);

int main(int argc, char **argv) { return muntinOptMain(argc, argv); }
