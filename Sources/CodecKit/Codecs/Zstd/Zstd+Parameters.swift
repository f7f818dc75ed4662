// SPDX-License-Identifier: Apache-2.0

// The knobs as spec parameters: `zstd:long=27`, `zstd:frames=one,window=23`.

extension Zstd {
  static let parameters: [CodecDescriptor.Parameter] = [
    .init("frames", "one: a single frame, as the zstd tool writes it; many: independent frames (default)"),
    .init("long", "find repeats far apart; the value is the window as a power of two, 27 when none is given"),
    .init("window", "the window as a power of two, from 10 to 31"),
    .init("contentsize", "no: frames do not carry the size of their content"),
    .init("strategy", "how to search: fast, dfast, greedy, lazy, lazy2, btlazy2, btopt, btultra or btultra2"),
  ]

  /// Takes `frames`, `long`, `window`, `contentsize` and `strategy`.
  ///
  /// - Parameter parameters: the parameters of a spec string.
  /// - Returns: the codec with these settings.
  /// - Throws: ``CodecError`` with `invalidOption`, naming what is legal.
  public func configured(_ parameters: inout CodecParameters) throws(CodecError) -> any Codec {
    var copy = self
    if let framing = try parameters.takeChoice("frames", ["one": Framing.single, "many": .automatic]) {
      copy.framing = framing
    }
    if let window = try parameters.takeInteger("window", in: ZstdFormat.windowLogRange) { copy.windowLog = window }
    if let text = parameters.take("long") {
      if ["", "yes", "on", "true"].contains(text) {
        copy.longDistanceMatching = true
      } else if ["no", "off", "false"].contains(text) {
        copy.longDistanceMatching = false
      } else {
        var one = CodecParameters(codec: parameters.codec, [("long", text)])
        copy.windowLog = try one.takeInteger("long", in: ZstdFormat.windowLogRange)
        copy.longDistanceMatching = true
      }
    }
    if let written = try parameters.takeSwitch("contentsize") { copy.writesContentSize = written }
    if let name = parameters.take("strategy") {
      guard let strategy = Strategy.allCases.first(where: { "\($0)" == name }) else {
        let names = Strategy.allCases.map { "\($0)" }.joined(separator: ", ")
        throw parameters.invalid("strategy", name, "one of \(names)")
      }
      copy.strategy = strategy
    }
    return copy
  }
}
