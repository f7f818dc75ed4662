// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// Whether the machine had other things to do while it was measured, and how that is known.
struct BusyMachine: Hashable {
  /// The load average at the beginning; `nil` when unknown.
  var load: Double?
  /// What others used of all processor time during the run, from 0 to 1; `nil` when unknown.
  var others: Double?
  /// What a hypervisor took away, from 0 to 1; `nil` when unknown.
  var stolen: Double?
  /// The widest spread of all cases; `nil` when there were too few runs.
  var spread: Double?

  /// A spread above this means that the figures are not to be trusted in their second digit.
  static let largestSpread = 0.10
  private static let largestShare = 0.10
  private static let largestTheft = 0.02
  /// Of each core: what a machine has where nothing goes on but a shell.
  private static let largestLoad = 0.5

  /// Each thing that speaks against the figures, in words.
  func reasons(cores: Int) -> [String] {
    var reasons: [String] = []
    if let load, load > Self.largestLoad * Double(cores) {
      reasons.append("the load average was \(NumberText.fixed(load, decimals: 1)) at the start, with \(cores) cores")
    }
    if let others, others > Self.largestShare {
      reasons.append("other programs used \(SpeedText.percent(others, decimals: 0)) of the processors")
    }
    if let stolen, stolen > Self.largestTheft {
      reasons.append("the hypervisor took \(SpeedText.percent(stolen, decimals: 0)) of the processor time")
    }
    if let spread, spread > Self.largestSpread {
      reasons.append("repeated runs differ by \(SpeedText.percent(spread, decimals: 0)) in the worst case")
    }
    return reasons
  }
}
