// btard/crypto/openssl.hpp: owners of what OpenSSL hands out, and what is thrown where it fails.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>
#include <string_view>

namespace btard::detail {

struct openssl_free {
    void operator()(::EVP_MD_CTX* p) const noexcept { ::EVP_MD_CTX_free(p); }
    void operator()(::EVP_PKEY* p) const noexcept { ::EVP_PKEY_free(p); }
};
template <class T>
using owned = std::unique_ptr<T, openssl_free>;

/// The errors that OpenSSL notes meanwhile are forgotten.  Some versions note a bad signature as one, and who
/// asks for the errors of a connection later must not find that.
class errors_forgotten {
public:
    errors_forgotten() { ::ERR_set_mark(); }
    errors_forgotten(errors_forgotten const&) = delete;
    errors_forgotten& operator=(errors_forgotten const&) = delete;
    ~errors_forgotten() { ::ERR_pop_to_mark(); }
};

[[noreturn]] inline void crypto_failed(std::string_view task) {
    char const* const reason = ::ERR_reason_error_string(::ERR_peek_last_error());
    throw environment_error(errc::crypto_failed,
                            concat("OpenSSL cannot ", task, ": ", reason ? reason : "it gives no reason"));
}

} // namespace btard::detail
