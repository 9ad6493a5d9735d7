// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.deployed;

import jakarta.ws.rs.Path;

/**
 * Is never asked. Payara looks for health checks in an EAR whose web module has a JAX-RS resource or a check, as the real one has;
 * where the checks lie does not matter then.
 */
@Path("nothing")
public class Endpoint {}
