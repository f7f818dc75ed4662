// SPDX-License-Identifier: Apache-2.0

/// A service from its configuration file to its end.
internal import BackupKit
public import SystemIO
internal import TextFormats

/// Why a service cannot be started.
public struct ServiceStartError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public enum Kind: Hashable, Sendable {
    /// What the administrator has written makes no sense, or is not safe.
    case configuration
    /// There is no repository.
    case noRepository
    /// The system or the storage refused.
    case system
  }

  /// The kind of failure.
  public let kind: Kind
  /// Why, in one sentence without a full stop.
  public let description: String

  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

/// Reads what a service needs, and runs it.
public struct ServiceRunner {
  /// The largest file of those that are read at the start.
  private static let largestFile = 1 << 20

  private let configuration: ServiceConfiguration
  private let tokens: TokenFile?
  private let identity: (certificate: String, key: String)?
  private let repository: Repository

  /// Reads everything, and checks it. Nothing is done yet.
  ///
  /// - Parameters:
  ///   - file: the configuration.
  ///   - listening: an address in place of that of the configuration, of the form `ADDRESS:PORT`.
  /// - Throws: ``ServiceStartError``.
  public init(_ file: Path, listening: String? = nil) throws(ServiceStartError) {
    let bytes = try Self.contents(of: file)
    var configuration: ServiceConfiguration
    do throws(ConfigurationError) {
      configuration = try ServiceConfiguration(bytes, relativeTo: file.parent)
    } catch {
      throw ServiceStartError(.configuration, "\(Escaping.visible(file.bytes)): \(Escaping.visible(error.description))")
    }
    if let listening {
      do throws(ConfigurationError) { try configuration.listen(on: listening) } catch {
        throw ServiceStartError(.configuration, "--listen: \(Escaping.visible(error.description))")
      }
    }
    do throws(ConfigurationError) { try configuration.checkExposure() } catch {
      throw ServiceStartError(.configuration, "\(Escaping.visible(file.bytes)): \(error)")
    }
    if configuration.hasSecrets { try Self.checkPrivacy(of: file) }
    self.configuration = configuration
    if let tokens = configuration.tokens {
      let text = String(decoding: try Self.contents(of: tokens), as: UTF8.self)
      try Self.checkPrivacy(of: tokens)
      do throws(ConfigurationError) { self.tokens = try TokenFile(text) } catch {
        throw ServiceStartError(.configuration, "\(Escaping.visible(tokens.bytes)): \(error)")
      }
    } else {
      tokens = nil
    }
    if let files = configuration.identity {
      identity = (
        String(decoding: try Self.contents(of: files.certificate), as: UTF8.self),
        String(decoding: try Self.contents(of: files.key), as: UTF8.self)
      )
      try Self.checkPrivacy(of: files.key)
    } else {
      identity = nil
    }
    do throws(BackupError) {
      repository = try Repository(opening: DirectoryStorage(configuration.repository), remembersRecords: true)
    } catch {
      let name = Escaping.visible(configuration.repository.bytes)
      let hint = error.code == .noRepository ? "; archivetool backup init -R \(name) makes one" : ""
      throw ServiceStartError(
        error.code == .noRepository ? .noRepository : .system, "\(name): \(error.reason)\(hint)")
    }
  }

  /// Looks for what would otherwise be found out when it is needed: whether the folders of instances are there, and whether
  /// the address is one of this machine and the certificate goes with the key. The port may be in use: by the service that
  /// runs.
  ///
  /// - Throws: ``ServiceStartError``.
  public func check() throws(ServiceStartError) {
    for instance in configuration.instances {
      if case .folder(let folder) = instance.source { try Self.checkFolder(folder, of: instance, "backup.folder") }
      // The folder itself may be missing before the first restore; what it stands in may not.
      if case .folder(let folder, _, _) = instance.restore {
        try Self.checkFolder(folder.parent, of: instance, "restore.folder")
        if (try? FolderSwap.isMountPoint(folder)) ?? false {
          throw ServiceStartError(
            .configuration,
            Self.place(folder, of: instance, "restore.folder") + ": it is a mount point, which cannot be replaced")
        }
      }
    }
    var options = options
    options.port = 0
    do throws(IOError) { try HTTPServer(options) { _ in .answer(HTTPResponse(status: 503)) }.stop() } catch {
      throw refusal(error)
    }
  }

  private static func checkFolder(
    _ folder: Path, of instance: InstanceConfiguration, _ setting: String
  ) throws(ServiceStartError) {
    let name = place(folder, of: instance, setting)
    do throws(IOError) {
      if try FileSystem.status(of: folder).kind == .directory { return }
    } catch {
      throw ServiceStartError(.system, "\(name): \(error)")
    }
    throw ServiceStartError(.configuration, "\(name): it is no folder")
  }

  private static func place(_ folder: Path, of instance: InstanceConfiguration, _ setting: String) -> String {
    "instance '\(Escaping.visible(instance.id))': \(setting): \(Escaping.visible(folder.bytes))"
  }

  /// Why the server cannot be started.
  private func refusal(_ error: IOError) -> ServiceStartError {
    guard let files = configuration.identity, error.operation == HTTPServer.identification else {
      return ServiceStartError(.system, "\(error)")
    }
    return ServiceStartError(
      .configuration,
      "\(Escaping.visible(files.certificate.bytes)), \(Escaping.visible(files.key.bytes)): "
        + "these are not, in PEM form, a certificate and its key")
  }

  private var options: HTTPServer.Options {
    HTTPServer.Options {
      $0.address = configuration.address
      $0.port = configuration.port
      $0.identity = identity
    }
  }

  /// Serves until the process is asked to end by INT, TERM or HUP.
  ///
  /// - Parameter ready: is told where the service listens.
  /// - Throws: ``ServiceStartError``.
  public func run(ready: (String) -> Void) throws(ServiceStartError) {
    let isStopping = Monitor(false)
    // Connections, and what is read and written besides.
    let descriptors = DescriptorLimit.raise(to: UInt64(configuration.connections) + 512)
    let service: BackupService
    let server: HTTPServer
    // Before there are any threads but this one: they take over how signals are handled.
    do throws(IOError) { try Signals.start() } catch { throw ServiceStartError(.system, "\(error)") }
    Signals.outliveReaders()
    Signals.onStop { isStopping.withLock { $0 = true } }
    var options = options
    options.connections = min(configuration.connections, max(8, Int(clamping: descriptors) - 256))
    // A service that cannot listen must not begin what another one has left: it would have to end it at once.
    let started = Monitor(BackupService?.none)
    do throws(IOError) {
      server = try HTTPServer(options) { request in
        started.withLock { $0 }?.decide(request) ?? .answer(HTTPResponse(status: 503))
      }
    } catch {
      throw refusal(error)
    }
    do throws(BackupError) { service = try BackupService(configuration, tokens, repository) } catch {
      server.stop()
      throw ServiceStartError(.system, "the service cannot be started: \(error.reason)")
    }
    started.withLock { $0 = service }
    // Whoever asks twice waits for nothing, but no command must stay behind.
    Signals.beforeDeath { service.endCommands() }
    let host = configuration.address.contains(":") ? "[\(configuration.address)]" : configuration.address
    ready("\(identity == nil ? "http" : "https")://\(host):\(server.port)")
    isStopping.wait { $0 }
    server.stop()
    service.stop()
  }

  private static func contents(of file: Path) throws(ServiceStartError) -> [UInt8] {
    do throws(IOError) { return try FileSystem.contents(of: file, limit: largestFile) } catch {
      throw ServiceStartError(.system, "\(Escaping.visible(file.bytes)): \(error)")
    }
  }

  /// Refuses a file with secrets that everybody can read.
  private static func checkPrivacy(of file: Path) throws(ServiceStartError) {
    let mode: FileMode
    do throws(IOError) { mode = try FileSystem.status(of: file).mode } catch {
      throw ServiceStartError(.system, "\(Escaping.visible(file.bytes)): \(error)")
    }
    guard mode.rawValue & 0o007 == 0 else {
      throw ServiceStartError(
        .configuration,
        "\(Escaping.visible(file.bytes)): it holds secrets, and everybody on this machine may open it: chmod o= it")
    }
  }
}
