//===- Templates.h - the kernels, as text ----------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TEMPLATES_TEMPLATES_H
#define MUNTIN_TEMPLATES_TEMPLATES_H

#include <string_view>
#include <vector>

namespace muntin {

struct Template {
  std::string_view name;
  std::string_view text; ///< a whole file; the parameters lie between the two marker lines
};

/// In the order of the ladder.
const std::vector<Template> &templates();

/// The lines around the parameters.
inline constexpr std::string_view kTemplateParameters = "// --- parameters";
inline constexpr std::string_view kTemplateKernel = "// --- kernel";

} // namespace muntin

#endif // MUNTIN_TEMPLATES_TEMPLATES_H
