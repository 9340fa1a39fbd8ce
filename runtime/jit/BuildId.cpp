//===- BuildId.cpp - which build a library is --------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/jit/BuildId.h"

#include "runtime/base/Files.h"

#include <fmt/format.h>

#include <cstring>
#include <string_view>
#include <vector>

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

namespace muntin::runtime {

static constexpr size_t kMaxNoteBytes = 1 << 16; ///< of a segment; those of real libraries have some dozens
static constexpr size_t kMaxSegments = 1 << 10;

/// The build-id among `notes`, or "".
static std::string findBuildId(std::string_view notes) {
  const auto aligned = [](uint64_t size) { return (size + 3) / 4 * 4; };
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) head{};
    std::memcpy(&head, notes.data(), sizeof head);
    notes.remove_prefix(sizeof head);
    const uint64_t nameBytes = aligned(head.n_namesz), idBytes = head.n_descsz;
    if (nameBytes + aligned(idBytes) > notes.size())
      return "";
    if (head.n_type == NT_GNU_BUILD_ID && notes.starts_with(std::string_view("GNU", 4))) {
      std::string text;
      for (const char byte : notes.substr(nameBytes, idBytes))
        text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
      return text;
    }
    notes.remove_prefix(nameBytes + aligned(idBytes));
  }
  return "";
}

static Status noBuildId(const std::string &path) {
  return {StatusCode::CheckFailed, fmt::format("{} has no build-id (linker option --build-id)", path)};
}

Result<std::string> buildIdOfFile(const std::string &path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file)
    return ioError("open", path);
  ElfW(Ehdr) head{};
  if (!readAt(file, &head, sizeof head, 0) || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
      head.e_phentsize != sizeof(ElfW(Phdr)) || head.e_phnum > kMaxSegments)
    return noBuildId(path);
  std::vector<ElfW(Phdr)> segments(head.e_phnum);
  if (!readAt(file, segments.data(), segments.size() * sizeof(ElfW(Phdr)), head.e_phoff))
    return noBuildId(path);
  for (const ElfW(Phdr) &segment : segments) {
    if (segment.p_type != PT_NOTE || segment.p_filesz > kMaxNoteBytes)
      continue;
    std::string notes(segment.p_filesz, '\0');
    if (!readAt(file, notes.data(), notes.size(), segment.p_offset))
      continue;
    if (std::string id = findBuildId(notes); !id.empty())
      return id;
  }
  return noBuildId(path);
}

namespace {
struct Search {
  uintptr_t address;
  dl_phdr_info found{};
};
} // namespace

/// Stops at the library that holds the address. Allocates nothing: the loader's lock is held, and no exception passes
/// through the C library in every state of a process.
static int visitLibrary(dl_phdr_info *info, size_t, void *context) noexcept {
  auto &search = *static_cast<Search *>(context);
  bool holds = false;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr) &segment = info->dlpi_phdr[i];
    const uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
    holds = holds || (segment.p_type == PT_LOAD && search.address >= begin && search.address < begin + segment.p_memsz);
  }
  if (holds)
    search.found = *info;
  return holds;
}

Result<std::string> buildIdOfLoaded(const void *address) {
  Search search{.address = reinterpret_cast<uintptr_t>(address)};
  if (::dl_iterate_phdr(visitLibrary, &search) == 0)
    return Status(StatusCode::CheckFailed, "the address lies in no library");
  const dl_phdr_info &library = search.found; // stays loaded: the caller has an address in it
  for (int i = 0; i < library.dlpi_phnum; ++i) {
    const ElfW(Phdr) &segment = library.dlpi_phdr[i];
    if (segment.p_type != PT_NOTE)
      continue;
    const auto *notes = reinterpret_cast<const char *>(library.dlpi_addr + segment.p_vaddr);
    if (std::string id = findBuildId({notes, segment.p_filesz}); !id.empty())
      return id;
  }
  return noBuildId(library.dlpi_name);
}

} // namespace muntin::runtime
