/*
 * What kind of sign-in a PAM service stands for; kind= in the stack overrules it. Display managers that use one
 * service for signing in and for unlocking count as logon: the two cannot be told apart, and logon grants no grace.
 */
#include "kind.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *service;
    const char *kind;
} known[] = {
    {"sshd", "remote"},
    {"remote", "remote"}, /* login(1) started for a network connection */
    {"dropbear", "remote"},
    {"cockpit", "remote"},
    {"xrdp-sesman", "remote"},
    {"sudo", "elevate"},
    {"sudo-i", "elevate"},
    {"su", "elevate"},
    {"su-l", "elevate"},
    {"doas", "elevate"},
    {"polkit-1", "elevate"},
    {"pkexec", "elevate"},
    {"cinnamon-screensaver", "unlock"},
    {"gnome-screensaver", "unlock"},
    {"gtklock", "unlock"},
    {"hyprlock", "unlock"},
    {"i3lock", "unlock"},
    {"kde", "unlock"},
    {"kscreenlocker", "unlock"},
    {"kscreensaver", "unlock"},
    {"light-locker", "unlock"},
    {"mate-screensaver", "unlock"},
    {"physlock", "unlock"},
    {"swaylock", "unlock"},
    {"vlock", "unlock"},
    {"waylock", "unlock"},
    {"xfce4-screensaver", "unlock"},
    {"xscreensaver", "unlock"},
    {"xsecurelock", "unlock"},
};

static const char *const kinds[] = {"logon", "unlock", "elevate", "remote"};

const char *kind_of_service(const char *service)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(service, known[i].service) == 0)
            return known[i].kind;
    return "logon";
}

bool kind_is_known(const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kind, kinds[i]) == 0)
            return true;
    return false;
}
