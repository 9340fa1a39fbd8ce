//===- Warp.cpp - 32 lanes in lockstep ------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Warp.h"

#include "runtime/emulator/check/Profile.h"
#include "runtime/emulator/exec/Cta.h"
#include "runtime/emulator/exec/Lanes.h"

#include <algorithm>
#include <cstring>

namespace muntin::emulator {

constexpr uint32_t BackBranchesBeforeRest = 512;
constexpr uint64_t RestSteps = 2048;
constexpr uint32_t DeepestCall = 1 << 14;

Warp::Warp(Cta &cta, uint32_t index) : cta_(cta), index_(index) {
  const LaunchShape &shape = cta.grid().shape;
  for (unsigned i = 0; i < WarpSize; ++i) {
    const uint32_t t = index * WarpSize + i;
    threadId[0][i] = t % shape.block[0];
    threadId[1][i] = t / shape.block[0] % shape.block[1];
    threadId[2][i] = t / shape.block[0] / shape.block[1];
    live_ |= uint32_t(t < cta.threads()) << i;
  }
  initial_ = live_;
  const Routine &entry = *cta.kernel().routines[0];
  localStride = entry.localBytes;
  local.assign(size_t(localStride) * WarpSize, 0);
  Frame *frame = makeFrame(entry, nullptr, 0);
  splits_.push_back({0, live_, frame});
}

Warp::~Warp() {
  for (Split &s : splits_)
    release(s.frame);
}

Frame *Warp::makeFrame(const Routine &routine, Frame *parent, uint32_t returnPc) {
  auto *f = new Frame{&routine, parent, returnPc, 0, parent ? parent->depth + 1 : 0, 1, 0, nullptr, {}};
  f->localBase = parent ? parent->localBase + parent->routine->localBytes : 0;
  const size_t bytes = (size_t(routine.frameWords) * 4 + 127) / 128 * 128;
  f->words = static_cast<uint32_t *>(std::aligned_alloc(128, bytes));
  std::memset(f->words, 0, bytes);
  f->params.assign(size_t(routine.paramBytes) * WarpSize, 0);
  if (parent)
    ++parent->references;
  return f;
}

void Warp::release(Frame *frame) {
  while (frame && --frame->references == 0) {
    Frame *parent = frame->parent;
    std::free(frame->words);
    delete frame;
    frame = parent;
  }
}

bool Warp::runnable() const {
  return std::any_of(splits_.begin(), splits_.end(), [](const Split &s) { return s.state == SplitState::Ready; });
}

void Warp::save() {
  if (!running_)
    return;
  splits_[current_].pc = pc_;
  splits_[current_].mask = active_;
  splits_[current_].frame = frame_;
  splits_[current_].resumed = false;
  splits_[current_].timedOut = false;
  running_ = false;
  if (active_ == 0)
    removeSplit(current_);
}

void Warp::removeSplit(uint32_t index) {
  release(splits_[index].frame);
  splits_.erase(splits_.begin() + index);
}

void Warp::mergeReady() {
  for (uint32_t a = 0; a < splits_.size(); ++a)
    for (uint32_t b = a + 1; b < splits_.size();) {
      Split &x = splits_[a], &y = splits_[b];
      if (x.pc != y.pc || x.frame != y.frame || x.state != SplitState::Ready || y.state != SplitState::Ready ||
          x.resumed != y.resumed) {
        ++b;
        continue;
      }
      x.mask |= y.mask;
      x.restsUntil = 0;
      removeSplit(b);
    }
}

/// Lanes that wait for each other: at one instruction they merge; at several bar.warp.sync of one mask all go on.
void Warp::resolveSync() {
  for (uint32_t a = 0; a < splits_.size(); ++a) {
    if (splits_[a].state != SplitState::Sync)
      continue;
    const auto members = static_cast<uint32_t>(splits_[a].waitsFor);
    const Split first = splits_[a];
    const bool isBarrier = cta_.kernel().mnemonicOf(*first.frame->routine, first.pc).starts_with("bar.warp");
    uint32_t here = 0, anywhere = 0;
    for (const Split &s : splits_) {
      if (s.state != SplitState::Sync || s.waitsFor != first.waitsFor)
        continue;
      here |= s.pc == first.pc && s.frame == first.frame ? s.mask : 0;
      anywhere |= isBarrier && cta_.kernel().mnemonicOf(*s.frame->routine, s.pc).starts_with("bar.warp") ? s.mask : 0;
    }
    const uint32_t wanted = members & live_;
    if ((wanted & ~here) == 0) {
      for (Split &s : splits_)
        if (s.state == SplitState::Sync && s.pc == first.pc && s.frame == first.frame)
          s.state = SplitState::Ready;
      mergeReady();
    } else if (isBarrier && (wanted & ~anywhere) == 0) {
      for (Split &s : splits_)
        if (s.state == SplitState::Sync && s.waitsFor == first.waitsFor)
          wake(s);
    }
  }
}

/// Chooses the split to run; false if none can.
bool Warp::select() {
  if (splits_.size() > 1) {
    resolveSync();
    mergeReady();
  } else if (!splits_.empty() && splits_[0].state == SplitState::Sync) {
    resolveSync();
  }
  int best = -1;
  const auto better = [&](const Split &a, const Split &b) {
    const bool restA = a.restsUntil > steps, restB = b.restsUntil > steps;
    if (restA != restB)
      return restB;
    if (a.frame->depth != b.frame->depth)
      return a.frame->depth > b.frame->depth;
    return a.pc < b.pc;
  };
  for (uint32_t i = 0; i < splits_.size(); ++i)
    if (splits_[i].state == SplitState::Ready && (best < 0 || better(splits_[i], splits_[best])))
      best = static_cast<int>(i);
  if (best < 0)
    return false;
  current_ = static_cast<uint32_t>(best);
  const Split &s = splits_[current_];
  pc_ = s.pc;
  active_ = s.mask;
  frame_ = s.frame;
  registers_ = frame_->words;
  constants_ = frame_->routine->constants.data();
  resumed_ = s.resumed;
  timedOut_ = s.timedOut;
  switchPc_ = FullMask;
  for (const Split &other : splits_)
    if (other.state == SplitState::Ready && other.frame == frame_ && other.pc > pc_)
      switchPc_ = std::min(switchPc_, other.pc);
  running_ = true;
  event_ = false;
  return true;
}

uint64_t Warp::run(uint64_t budget) {
  uint64_t done = 0;
  yield_ = false;
  const bool slow = cta_.grid().profile || cta_.grid().trace;
  event_ = true;
  while (done < budget && !yield_) {
    if (event_) {
      save();
      if (!select())
        break;
    }
    const Instr &in = frame_->routine->code[pc_];
    nextPc_ = pc_ + 1;
    const uint32_t mask = in.guard == NoRef ? active_ : active_ & predicate(in.guard);
    ++done;
    ++steps;
    if (slow)
      observe(*this, in, mask);
    if (mask)
      in.run(*this, in, mask);
    if (slow)
      observeResult(*this, in, mask);
    resumed_ = false;
    timedOut_ = false;
    pc_ = nextPc_;
    event_ |= pc_ >= switchPc_;
  }
  save();
  resolveSync(); // lanes that met at the budget's last instruction: who asks runnable() must find them ready
  return done;
}

void Warp::jump(uint32_t target, uint32_t taken) {
  Split &s = splits_[current_];
  if (target <= pc_ && splits_.size() > 1 && ++s.backBranches > BackBranchesBeforeRest) {
    s.backBranches = 0; // no progress, perhaps: whoever waits behind the loop gets a turn
    s.restsUntil = steps + RestSteps;
    event_ = true;
  }
  if (taken == active_) {
    nextPc_ = target;
    return;
  }
  active_ &= ~taken;
  Split other{target, taken, frame_};
  other.restsUntil = s.restsUntil;
  ++frame_->references;
  splits_.push_back(other);
  event_ = true;
}

void Warp::callRoutine(const Instr &in, uint32_t mask) {
  if (frame_->depth >= DeepestCall)
    cta_.fault(*this, ReportKind::StackOverflow, std::countr_zero(mask), 0, "calls are nested too deep");
  const Routine &callee = *cta_.kernel().routines[static_cast<size_t>(in.imm)];
  Frame *frame = makeFrame(callee, frame_, pc_ + 1);
  frame->callPc = pc_;
  const uint64_t need = uint64_t(frame->localBase) + callee.localBytes;
  if (need > cta_.options().stackBytes) {
    release(frame);
    cta_.fault(*this, ReportKind::StackOverflow, std::countr_zero(mask), need,
               "local memory of " + std::to_string(need) + " bytes, the limit is " +
                   std::to_string(cta_.options().stackBytes));
  }
  if (need > localStride) { // lane-major: move every lane's part
    const auto stride = static_cast<uint32_t>(std::min<uint64_t>(cta_.options().stackBytes, 2 * need));
    std::vector<uint8_t> grown(size_t(stride) * WarpSize);
    for (unsigned i = 0; i < WarpSize; ++i)
      std::copy_n(local.begin() + size_t(i) * localStride, localStride, grown.begin() + size_t(i) * stride);
    local = std::move(grown);
    localStride = stride;
  }
  const uint32_t *table = frame_->routine->tables.data() + in.aux;
  for (uint32_t a = 0; a < table[0]; ++a) {
    const uint32_t *copy = table + 2 + 3 * a;
    eachLane(mask, [&](unsigned i) {
      std::copy_n(frame_->params.begin() + size_t(i) * frame_->routine->paramBytes + copy[0], copy[2],
                  frame->params.begin() + size_t(i) * callee.paramBytes + copy[1]);
    });
  }
  if (mask != active_) { // lanes whose guard is false stay behind the call
    Split rest{pc_ + 1, active_ & ~mask, frame_};
    ++frame_->references;
    splits_.push_back(rest);
    active_ = mask;
  }
  release(frame_); // the split's reference; the callee holds its own
  frame_ = frame;
  nextPc_ = 0;
  event_ = true;
}

void Warp::returnFrom(uint32_t mask) {
  Frame *callee = frame_, *caller = frame_->parent;
  const Instr &call = caller->routine->code[callee->callPc];
  const uint32_t *table = caller->routine->tables.data() + call.aux;
  for (uint32_t r = 0; r < table[1]; ++r) {
    const uint32_t *copy = table + 2 + 3 * (table[0] + r);
    eachLane(mask, [&](unsigned i) {
      std::copy_n(callee->params.begin() + size_t(i) * callee->routine->paramBytes + copy[1], copy[2],
                  caller->params.begin() + size_t(i) * caller->routine->paramBytes + copy[0]);
    });
  }
  if (mask != active_) {
    Split rest{pc_ + 1, active_ & ~mask, callee};
    ++callee->references;
    splits_.push_back(rest);
    active_ = mask;
  }
  ++caller->references;
  frame_ = caller;
  nextPc_ = callee->returnPc;
  event_ = true;
  release(callee);
}

void Warp::exit(uint32_t mask) {
  active_ &= ~mask;
  live_ &= ~mask;
  event_ = true;
  if (live_ == 0)
    cta_.warpExited(*this);
}

void Warp::block(SplitState state, uint64_t waitsFor) {
  Split &s = splits_[current_];
  s.state = state;
  s.waitsFor = waitsFor;
  s.poll = nullptr;
  s.mayTimeOut = false;
  nextPc_ = pc_;
  event_ = true;
}

void Warp::blockUntil(PollFn poll, uint64_t waitsFor, uint32_t parity, bool mayTimeOut) {
  block(SplitState::Poll, waitsFor);
  Split &s = splits_[current_];
  s.poll = poll;
  s.waitsParity = parity;
  s.mayTimeOut = mayTimeOut;
}

bool Warp::gather(uint32_t members, uint32_t mask) {
  const uint32_t wanted = members & live_;
  if ((wanted & ~active_) == 0) {
    if (wanted & ~mask)
      cta_.fault(*this, ReportKind::BarrierMisuse, std::countr_zero(wanted & ~mask), members,
                 "lanes of the member mask do not execute the instruction: their guard is false");
    return true;
  }
  if (!resumed_ || splits_.size() > 1)
    block(SplitState::Sync, members);
  return false;
}

} // namespace muntin::emulator
