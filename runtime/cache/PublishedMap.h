//===- PublishedMap.h - a hash table that is read without a lock *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Entries are added and never removed, so a reader needs no lock and counts no
// reference: it loads the table and probes until it meets its entry or a gap.
//
//   table ──► [ . | a | . | c | b | . | . | . ]     find(b): slot 3 holds c, go on; slot 4 holds b
//
// A writer adds under a mutex. At half full it builds a table of twice the size
// and publishes that; readers of the old one may finish, it is kept until the
// map goes (all old tables together are smaller than the newest).
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_CACHE_PUBLISHEDMAP_H
#define MUNTIN_RUNTIME_CACHE_PUBLISHEDMAP_H

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace muntin::runtime {

template <typename Entry> class PublishedMap {
public:
  PublishedMap() { grow(16); }

  /// The entry with `hash` for which matches(entry) holds, or null.
  template <typename Matches> Entry *find(size_t hash, const Matches &matches) const {
    const Table &table = *table_.load(std::memory_order_acquire);
    for (size_t at = hash;; ++at) {
      Node *node = table.slots[at & table.mask].load(std::memory_order_acquire);
      if (!node)
        return nullptr;
      if (node->hash == hash && matches(std::as_const(node->entry)))
        return &node->entry;
    }
  }

  /// The entry that find() would give, or else a new one made from `values`.
  template <typename Matches, typename... Ts> Entry &insert(size_t hash, const Matches &matches, Ts &&...values) {
    const std::lock_guard lock(mutex_);
    if (Entry *entry = find(hash, matches))
      return *entry;
    nodes_.push_back(std::make_unique<Node>(hash, std::forward<Ts>(values)...));
    const Table *table = tables_.back().get();
    if (2 * nodes_.size() > table->mask + 1)
      grow(2 * (table->mask + 1));
    else
      place(*tables_.back(), nodes_.back().get());
    return nodes_.back()->entry;
  }

  /// Calls visit(entry) for every entry there is now.
  template <typename Visit> void forEach(const Visit &visit) const {
    const std::lock_guard lock(mutex_);
    for (const std::unique_ptr<Node> &node : nodes_)
      visit(std::as_const(node->entry));
  }

private:
  struct Node {
    template <typename... Ts>
    explicit Node(size_t hash, Ts &&...values) : hash(hash), entry(std::forward<Ts>(values)...) {}
    const size_t hash;
    Entry entry;
  };
  struct Table {
    explicit Table(size_t size) : mask(size - 1), slots(size) {}
    const size_t mask;
    std::vector<std::atomic<Node *>> slots; ///< null: a gap
  };

  static void place(Table &table, Node *node) {
    size_t at = node->hash;
    while (table.slots[at & table.mask].load(std::memory_order_relaxed))
      ++at;
    table.slots[at & table.mask].store(node, std::memory_order_release);
  }

  void grow(size_t size) {
    tables_.push_back(std::make_unique<Table>(size));
    for (const std::unique_ptr<Node> &node : nodes_)
      place(*tables_.back(), node.get());
    table_.store(tables_.back().get(), std::memory_order_release);
  }

  mutable std::mutex mutex_; ///< of writers
  std::atomic<const Table *> table_{nullptr};
  std::vector<std::unique_ptr<Table>> tables_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_CACHE_PUBLISHEDMAP_H
